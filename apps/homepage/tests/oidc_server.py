"""A real OpenID Connect server over TLS, as a process: `python oidc_server.py CERTIFICATE KEY`.

Prints its port. It serves at the root and, apart from that, below /tenant.
"""

import logging
import sys

from oidc_provider_mock import User, app
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server

if __name__ == "__main__":
    logging.disable()
    ada = User(sub="ada", claims={"name": "Ada <b>Someonesdottir</b>"})
    site = DispatcherMiddleware(app(user_claims=[ada]), {"/tenant": app(user_claims=[ada])})
    server = make_server(
        "localhost", 0, site, threaded=True, ssl_context=(sys.argv[1], sys.argv[2])
    )
    print(server.server_port, flush=True)
    server.serve_forever()
