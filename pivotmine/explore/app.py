"""The web application: addresses, headers, errors. Every view is made by `answers.py`."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pivotmine.errors import InputError, PivotMineError
from pivotmine.explore.answers import Explorer
from pivotmine.explore.downloads import MEDIA_TYPES, as_file
from pivotmine.explore.pages import STATIC, render, scripts_of
from pivotmine.explore.view import Unasked

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")

HEADERS = {
    # Scripts, styles and data come from this server alone, and none stands in a page.
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}


class _Headers:
    """Adds `HEADERS` to every answer, errors included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                more = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message["headers"] = [
                    *message["headers"],
                    *((name, value) for name, value in more if name not in own),
                ]
            await send(message)

        await self.app(scope, receive, with_headers)


def build_app(explorer: Explorer, hosts: Sequence[str] = ()) -> Starlette:
    """The application over a lake.

    Parameters
    ----------
    hosts
        Names under which it may be asked, besides loopback. Other `Host` headers are refused, so
        that a page of another site cannot read the lake by a name that resolves to this machine.
    """

    def page(request: Request) -> Response:
        name = request.path_params["view"]
        if name not in explorer.views:
            raise HTTPException(404)
        try:
            view, statements = explorer.answer(name, request.query_params)
        except PivotMineError as error:
            return _failed(explorer, request, name, error)
        return HTMLResponse(
            render(
                view.name,
                explorer.languages(),
                **explorer.frame(name, request.query_params),
                **view.figures,
                title=view.title,
                statements=statements,
                downloads=list(view.tables),
                asked=str(request.query_params),
                scripts=scripts_of(view),
                query=dict(request.query_params),
            )
        )

    def download(request: Request) -> Response:
        name, table, kind = (request.path_params[part] for part in ("view", "table", "kind"))
        if name not in explorer.views or kind not in MEDIA_TYPES:
            raise HTTPException(404)
        try:
            view, _ = explorer.answer(name, request.query_params, is_download=True)
        except PivotMineError as error:
            return _failed(explorer, request, name, error)
        if table not in view.tables:
            raise HTTPException(404)
        return Response(
            as_file(view.tables[table], kind),
            media_type=MEDIA_TYPES[kind],
            headers={"content-disposition": f'attachment; filename="{name}-{table}.{kind}"'},
        )

    def suggestions(request: Request) -> Response:
        typed = request.query_params.get("q") or request.query_params.get("a", "")
        typed = typed or request.query_params.get("b", "")
        found = explorer.suggest(typed)
        return HTMLResponse(render("suggestions", explorer.languages(), suggestions=found))

    def missing(request: Request, error: Exception) -> Response:
        said = "There is no such page. Views are listed above."
        status = error.status_code if isinstance(error, HTTPException) else 500
        return HTMLResponse(_error_page(explorer, "", "Nothing to show", said, request), status)

    return Starlette(
        routes=[
            Route("/", lambda request: RedirectResponse(explorer.first_address())),
            Route("/suggest", suggestions),
            Route("/download/{view}/{table}.{kind}", download),
            Mount("/static", StaticFiles(directory=STATIC)),
            Route("/{view}", page),
        ],
        middleware=[
            Middleware(_Headers),
            Middleware(
                TrustedHostMiddleware, allowed_hosts=[*LOOPBACK, *hosts], www_redirect=False
            ),
            Middleware(GZipMiddleware, minimum_size=2_000),
        ],
        exception_handlers={404: missing, 405: missing},
    )


def _failed(explorer: Explorer, request: Request, name: str, error: PivotMineError) -> Response:
    status = 200 if isinstance(error, Unasked) else 400 if isinstance(error, InputError) else 404
    title = explorer.views[name][0] if status == 200 else "Nothing to show"
    return HTMLResponse(_error_page(explorer, name, title, str(error), request), status)


def _error_page(explorer: Explorer, name: str, title: str, said: str, request: Request) -> str:
    asked = dict(request.query_params)
    return render(
        "problem",
        explorer.languages(),
        **explorer.frame(name, request.query_params),
        title=title,
        said=said,
        query=asked,
        near=explorer.near(asked),
    )
