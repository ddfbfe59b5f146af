"""`tuwen serve`: collections over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tuwen.cli import _options, _output, _settings

if TYPE_CHECKING:
    from tuwen.serve.settings import Settings

_MB = 1 << 20


@click.command(
    epilog="Example:  tuwen serve photos --port 8000",
    short_help="Answer over HTTP: a page for people, an API for programs.",
)
@click.argument("collections", nargs=-1, required=True, type=_options.PATH, metavar="COLLECTION...")
@click.option(
    "--host",
    default=_settings.default("serve_host"),
    metavar="ADDRESS",
    help="Where to listen; any but this machine's own needs a token.  [default: 127.0.0.1]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=_settings.default("serve_port"),
    metavar="N",
    help="The port; 0 takes a free one.  [default: 8000]",
)
@click.option(
    "--tokens",
    type=click.Path(path_type=Path, dir_okay=False),
    default=_settings.tokens,
    metavar="FILE",
    help="The file of the tokens.  [default: beside the user's file]",
)
@click.option(
    "--require-token/--no-require-token",
    default=_settings.default("serve_require_token"),
    help="Ask for a token on this machine too.",
)
@click.option("--read-only/--writable", default=_settings.default("serve_read_only"), help="Take no changes.")
@click.option(
    "--name",
    "names",
    multiple=True,
    default=_settings.listed("serve_names"),
    metavar="NAME",
    help="A name that the server is asked under, as behind a proxy; may be given again.",
)
@click.option(
    "--origin",
    "origins",
    multiple=True,
    default=_settings.listed("serve_origins"),
    metavar="URL",
    help="Another web origin whose pages may ask; may be given again.  [default: none]",
)
@click.option(
    "--proxy",
    "proxies",
    multiple=True,
    default=_settings.listed("serve_proxies"),
    metavar="ADDRESS",
    help="A reverse proxy whose X-Forwarded-For is believed, or a network of them; may be given again.",
)
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False, exists=True),
    default=_settings.listed("serve_roots"),
    help="A folder that links among the pictures may lead to; may be given again.",
)
@click.option(
    "--rerank",
    "rerankers",
    multiple=True,
    default=_settings.listed("serve_rerankers"),
    metavar="NAME=FOLDER",
    help="A second stage that requests may name; may be given again.",
)
@click.option(
    "--rate",
    type=click.IntRange(0),
    default=_settings.default("serve_rate"),
    metavar="N",
    help="Requests a second and client; 0 for no limit.  [default: 100]",
)
@click.option(
    "--body-mb",
    type=click.IntRange(1),
    default=_settings.default("serve_body_mb"),
    metavar="MB",
    help="The largest request.  [default: 32]",
)
@click.option(
    "--megapixels",
    type=click.IntRange(1, 200),
    default=_settings.default("serve_megapixels"),
    metavar="N",
    help="The largest picture that may be sent.  [default: 50]",
)
@click.option(
    "--threads",
    type=click.IntRange(0),
    default=_settings.default("serve_threads"),
    metavar="N",
    help="Engine calls at a time; 0 for the number of cores.  [default: 0]",
)
@click.option(
    "--seconds",
    type=click.IntRange(1),
    default=_settings.default("serve_seconds"),
    metavar="N",
    help="For an answer.  [default: 30]",
)
@click.option(
    "--cache",
    type=click.Path(path_type=Path, file_okay=False),
    default=lambda: _settings.value("serve_cache") or None,
    metavar="FOLDER",
    help="Where thumbnails are kept.  [default: the user's cache]",
)
@click.option(
    "--cache-mb",
    type=click.IntRange(1),
    default=_settings.default("serve_cache_mb"),
    metavar="MB",
    help="What thumbnails may take.  [default: 512]",
)
@click.option(
    "--log-queries/--no-log-queries",
    default=_settings.default("serve_log_queries"),
    help="Write what is asked to the access log.",
)
def command(collections: tuple[Path, ...], **how: Any) -> None:
    """Serve collections over HTTP until it is stopped: the API under /api/v1.

    Only this machine can connect unless --host says otherwise, and then every request needs a token (see
    tuwen token). Every option can be set by TUWEN_SERVE_HOST and so on, or in the user's file; tuwen config
    serve shows what is in force. Requests are logged as JSON lines on stdout, without what was asked.
    """
    try:
        from tuwen.serve import running
    except ModuleNotFoundError as error:
        from tuwen.errors import MissingExtra

        raise MissingExtra(
            f"serving needs {error.name}; install it with: pip install 'tuwen[serve]'"
        ) from error
    from tuwen.serve.shelf import named

    settings = _chosen(**how)
    running.check(settings)
    opened = {name: _options.opened(path) for name, path in named(collections).items()}
    for name, collection in opened.items():
        _output.note(f"{name}: {_output.holds(collection)}")
    running.run(opened, settings, lambda url: _output.note(f"Serving at {url}; stop with Ctrl-C"))


def _chosen(
    *,
    body_mb: int,
    cache_mb: int,
    names: Any,
    origins: Any,
    proxies: Any,
    rerankers: Any,
    seconds: int,
    **how: Any,
) -> Settings:
    from tuwen.serve.settings import Settings, check_name, check_origin, check_proxy

    return Settings(
        hosts=tuple(map(check_name, names)),
        origins=tuple(map(check_origin, origins)),
        proxies=tuple(map(check_proxy, proxies)),
        rerankers=dict(map(_stage, rerankers)),
        body_bytes=body_mb * _MB,
        held_bytes=max(256, 2 * body_mb) * _MB,
        answer_seconds=float(seconds),
        cache_bytes=cache_mb * _MB,
        **how,
    )


def _stage(given: str) -> tuple[str, Path]:
    name, mark, folder = given.partition("=")
    if not mark or not name or not folder:
        raise click.BadParameter(f"{given!r} is not NAME=FOLDER", param_hint="--rerank")
    return name, Path(folder).absolute()
