"""Conversion of kept answers of the API to the files of the price table."""

import datetime as dt
import gzip
import shutil
from decimal import Decimal
from pathlib import Path

from frugal.cost.prices.table import Meter, Table
from tests.cost.made import PRICES
from tools.prices import convert

DAY = dt.date(2026, 8, 15)
COLUMNS = (
    "serviceName,productName,skuName,meterName,armSkuName,armRegionName,location,unitOfMeasure,"
    "tierMinimumUnits,retailPrice,effectiveStartDate,meterId"
)
ROWS = """Key Vault,Key\xa0 Vault,Standard,Operations,,eastus,US East,10K,0,3e-02,2015-03-01,a
Key Vault,Key Vault,Standard,Operations,,westeurope,EU West,10K,0,0.03,2015-03-01,b
Key Vault,Key Vault,Standard,Operations,,uksouth,UK South,10K,5,0.02,2015-03-01,c
Key Vault,Key Vault,Standard,Operations,,uksouth,UK South,10K,0,0,2015-03-01,c
Key Vault,Key Vault,Standard,Renewals,,eastus,US East,1,0,3,2016-01-01,d
Key Vault,Key Vault,Standard,Renewals,,eastus,US East,1,0,4,2020-01-01,d
Key Vault,Key Vault,Standard,Renewals,,eastus,US East,1,0,5,2027-01-01,d
Key Vault,Key Vault,Standard,Rotations,HSM,,,1,0,1,2020-01-01,e
Key Vault,Key Vault,Standard,Rotations,HSM,,,1,0,2,2020-01-01,f
Key Vault,Key Vault,Standard,Extd Spprt Free Tier vCore,,eastus,US East,1,0,0,2020-01-01,g
Key Vault,Key Vault,Standard,Late,,eastus,US East,1,5,9,2020-01-01,h
Virtual Machines,VM,B1s,B1s,,eastus,US East,1 Hour,0,0.01,2020-01-01,i
"""
WRITTEN = """Key Vault
2026-08-15 diagram-builder

Key Vault
	Standard	Operations	10K
		0 5:0.02	2015-03-01	uksouth
		0.03	2015-03-01	eastus,westeurope
	Standard	Renewals	1
		4	2020-01-01	eastus
		5	2027-01-01	eastus
	Standard	Rotations	1	HSM
		1	2020-01-01	Global
		2	2020-01-01	Global
"""


def test_rows_become_sorted_lines_of_what_they_share(tmp_path: Path) -> None:
    kept = tmp_path / "kept.csv.gz"
    kept.write_bytes(gzip.compress(f"{COLUMNS}\n{ROWS}".encode()))
    (tmp_path / "azure").mkdir()
    assert convert(kept, DAY, "diagram-builder", tmp_path) == 1
    assert [path.name for path in (tmp_path / "azure").iterdir()] == ["key-vault.txt"]
    assert (tmp_path / "azure" / "key-vault.txt").read_text("utf-8") == WRITTEN
    for file in ("sources.csv", "supplement.csv"):
        shutil.copy(PRICES / file, tmp_path)
    meter = Meter("Key Vault", "Key Vault", "Standard", "Operations", "10K")
    found = Table(tmp_path).find(meter, "uksouth", DAY)
    assert found
    assert found.tiers == ((0, 0), (5, Decimal("0.02")))
