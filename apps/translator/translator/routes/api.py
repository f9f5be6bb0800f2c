"""The API."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Query, Response
from pydantic import BaseModel

from translator import names, problems, rounds
from translator.dependencies import TheDatabase

router = APIRouter()


class Name(BaseModel):
    """A name for a player."""

    name: str


@router.get("/generate_name", responses=problems.responses(404, 422))
async def generate_name(
    starts_with: Annotated[str, Query(description="its first letters, in any case")] = "",
) -> Name:
    """A name by chance, of those that start so; 404 if none does."""
    name = names.generate(starts_with)
    if name is None:
        raise HTTPException(404, f"No name starts with {starts_with!r}.")
    return Name(name=name)


@router.post("/api/rounds", status_code=201, responses=problems.responses(400, 413, 422, 503))
async def post_round(
    new: rounds.NewRound, response: Response, database: TheDatabase
) -> rounds.Round:
    """Keep a message; Location is the address of its round."""
    kept = await rounds.add(database, new)
    response.headers["Location"] = f"/api/rounds/{kept.id}"
    return kept


@router.get("/api/rounds/{round_id}", responses=problems.responses(404, 422, 503))
async def get_round(round_id: str, database: TheDatabase) -> rounds.Round:
    """The round of that id."""
    kept = await rounds.find(database, round_id)
    if kept is None:
        raise HTTPException(404, f"There is no round {round_id!r}.")
    return kept
