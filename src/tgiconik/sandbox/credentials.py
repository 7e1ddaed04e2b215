"""The sandbox's fixed credentials. They are public, since they give access to nothing else."""

APP_ID = "5a4d0000-0000-4000-8000-00000000a991"
AUTH_TOKEN = "sandbox-auth-token"  # noqa: S105 - opens nothing but the sandbox
CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-client-secret"  # noqa: S105 - opens nothing but the sandbox
COMPANY_ID = "GC22698817YV"
