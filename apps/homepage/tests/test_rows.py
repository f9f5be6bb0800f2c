"""Requirements of this site, row by row; a test's name has the numbers of its rows.

A1, A3 and A5 are statements of three articles of blog.pamelafox.org, March 2023: on Microsoft
sign-in as a Flask blueprint, on charts from matplotlib in Flask, on what hosting two small sites
costs. B2 to B5 are faults of the public code behind them: pamelafox-site, ms-identity-python-webapp
with the packages `identity` and `msal`, flask-surveys-container-app and
flask-charts-api-container-app (GitHub and PyPI, as of November 2026).

From the last of them the charts differ on purpose: addresses end with .png, as files do, and those
without lead there; 800 by 450 pixels instead of 640 by 480, the width of a text; titles of 60
characters instead of 30; errors in the form of RFC 9457; a day in browsers instead of five minutes,
as an address always gives the same chart; bars may go below zero; legends instead of labels.

`pytest --collect-only -q | grep b3_5` lists the tests of a row.
"""

import ast
import re
from pathlib import Path

ROWS = {
    "A1.1": "visitors sign in by OpenID Connect",
    "A1.2": "the authority is a setting",
    "A1.3": "it is done with the package `identity`",
    "A1.4": "the minimal sample is credited",
    "A1.5": "an application factory, and a blueprint for each feature",
    "A1.6": "the larger sample is credited",
    "A1.7": "sign-in has a package and templates of its own",
    "A1.8": "three routes: login, auth_response, logout",
    "A1.9": "login remembers where the visitor came from",
    "A1.10": "the visitor returns to that page, whichever it was",
    "A1.11": "the redirect URI is the public address of auth_response",
    "A1.12": "what goes wrong there is a page",
    "A1.13": "what was remembered is used and forgotten",
    "A1.14": "logout leads to the provider's, and from there to the first page",
    "A1.15": "one template in the root folder, which all pages extend",
    "A1.16": "pages of sign-in look like the others",
    "A1.17": "the one Auth is in the app's configuration",
    "A1.18": "templates know the user",
    "A1.19": "the blueprint has no prefix",
    "A1.20": "sign-in is needed by some pages and not by others",
    "A1.21": "a decorator sends who is not signed in to login, with the page they wanted",
    "A1.22": "there is a page that it protects",
    "A1.23": "every page shows whether somebody is signed in",
    "A1.24": "the design is explained",
    "A3.1": "a chart is an address with parameters",
    "A3.2": "bars and pies",
    "A3.3": "addresses of charts are for keeping",
    "A3.4": "matplotlib draws them",
    "A3.5": "Figure, never pyplot; memory is steady",
    "A3.6": "a pie with labels or without",
    "A3.7": "the picture is in the body, to be shown and not saved",
    "A3.8": "parameters are validated, and described for programs",
    "A5.2": "content from a spreadsheet, kept by a cache in front",
    "A5.15": "the site can be exported as files",
    "B2.1": "lifetimes in caches were multiplied by 60: fifty days for the first page",
    "B2.2": "the edge ignored query strings that make another page",
    "B2.3": "a row without its last cells was an exception",
    "B2.4": "without the spreadsheet there was no page",
    "B2.5": "pictures without a text",
    "B2.6": "no time-outs",
    "B2.7": "the API key stood in the address",
    "B2.8": "the number of workers stood in two places, and differed",
    "B3.1": "any address was redirected to after sign-in",
    "B3.2": "the page to return to held the host that the request named",
    "B3.3": "the host that a request forwards made the redirect URI",
    "B3.4": "the page of sign-in linked to an endpoint that was not there",
    "B3.5": "a callback that nobody began counted as success",
    "B3.6": "so did one that came twice",
    "B3.7": "sessions were files of one replica",
    "B3.8": "id_tokens were not validated",
    "B3.9": "a wrong nonce was an exception that nobody caught",
    "B3.10": "all tokens were kept in the session, too large for a cookie",
    "B3.11": "a session ended with the id_token, or never",
    "B3.12": "logout waited for the provider without an end",
    "B3.13": "the visitor's name was in pages that caches keep",
    "B4.1": "sign-in had no test",
    "B4.2": "as many workers as the machine's processors, whatever the container has",
    "B4.3": "visitors were asked for more than who they are",
    "B4.4": "compilers in the image",
    "B4.5": "a shell was the container's first process",
    "B5.1": "bars without as many labels: 500",
    "B5.2": "a pie of zeros: 500",
    "B5.3": "a label that looks like a formula: 500",
    "B5.4": "a chart of nothing: 200",
    "B5.5": "bars below zero could not be seen",
    "B5.6": "a chart of 1,500 bars took four seconds",
    "B5.7": "charts had no ETag",
    "B5.8": "characters without a glyph",
    "B5.9": "property tests took a 500 for an answer",
    "B5.10": "a file that was not rewound: 200 with an empty body",
    "B5.11": "a validator that a new version of its library refused to import",
    "B5.12": "each unknown parameter was another entry of the cache",
    "B5.13": "addresses of charts had no ending",
}
NAME = re.compile(r"test((?:_[ab]\d_\d+)+)_")


def test_each_row_has_a_test_that_bears_its_number() -> None:
    named = set[str]()
    for file in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef) and (found := NAME.match(node.name)):
                rows = re.findall(r"([ab]\d)_(\d+)", found[1])
                named |= {f"{article.upper()}.{number}" for article, number in rows}
    assert named == set(ROWS)
