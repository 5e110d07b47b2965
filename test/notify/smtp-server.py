"""A mail server (aiosmtpd of Debian) for tests: prints its port, then each message that it took as a line of JSON.

smtp-server.py none|starttls|implicit CERTIFICATE KEY PASSWORD PORT ADDRESS; with a PASSWORD the user tandem must log in.
"""
import asyncio
import json
import ssl
import sys
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

mode, certificate, key, password, port, address = sys.argv[1:]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        print(json.dumps({
            "from": envelope.mail_from, "to": envelope.rcpt_tos, "user": getattr(session.auth_data, "login", b"").decode(),
            "tls": mode == "implicit" or session.ssl is not None, "text": envelope.content.decode(),
        }), flush=True)
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    right = isinstance(data, LoginPassword) and data.login == b"tandem" and data.password == password.encode()
    return AuthResult(success=right, handled=right, auth_data=data)


context = None
if mode != "none":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
options = {"auth_required": True, "authenticator": authenticate, "auth_require_tls": mode == "starttls"} if password else {}
if mode == "starttls":
    options |= {"tls_context": context, "require_starttls": True}


async def main():
    make = lambda: SMTP(Handler(), hostname="mail.example.org", **options)
    server = await asyncio.get_running_loop().create_server(make, address, int(port), ssl=context if mode == "implicit" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    # until the test ends it, or is gone
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
