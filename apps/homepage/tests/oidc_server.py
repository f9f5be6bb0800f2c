"""A real OpenID Connect server over TLS, as a process: `python oidc_server.py CERTIFICATE KEY`.

Prints its port. It serves below /tenant, since MSAL wants an authority with a path.
"""

import logging
import sys

from oidc_provider_mock import User, app
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import make_server
from werkzeug.wrappers import Response

if __name__ == "__main__":
    logging.disable()
    ada = User(sub="ada", claims={"name": "Ada <b>Someonesdottir</b>"})
    site = DispatcherMiddleware(Response("", 404), {"/tenant": app(user_claims=[ada])})
    server = make_server(
        "localhost", 0, site, threaded=True, ssl_context=(sys.argv[1], sys.argv[2])
    )
    print(server.server_port, flush=True)
    server.serve_forever()
