"""``chatfmt tokenize``: turn data sets into the files that trainers read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from chatfmt.commands._data import add_policies, policies, said
from chatfmt.commands._options import add_tokenizer, tokenizer
from chatfmt.commands._output import one_line, print_json
from chatfmt.commands._prepare import add_preparation, preparation
from chatfmt.commands._turns import add_turns
from chatfmt.errors import DataError

if TYPE_CHECKING:
    import argparse

    from chatfmt.adapters import Mixture
    from chatfmt.commands import Subparsers
    from chatfmt.corpus import Summary

__all__ = ["add", "run"]


def add(subparsers: Subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "tokenize",
        help="turn data sets into Parquet files for training",
        description=(
            "Encode rows of data sets as training examples. Prints the counts as JSON; rows that "
            "cannot be used are listed in rejects.jsonl."
        ),
    )
    add_tokenizer(parser)
    add_preparation(parser)
    add_policies(parser)
    _add_examples(parser.add_argument_group("examples"))
    _add_files(parser.add_argument_group("files"))
    _add_run(parser.add_argument_group("execution"))
    parser.add_argument(
        "sources",
        metavar="SOURCE",
        nargs="+",
        help="files, patterns such as part-*.jsonl, or URLs (s3://…), of JSON Lines, JSON or "
        "Parquet; or a mixture (*.toml)",
    )
    parser.add_argument(
        "-o", "--out", metavar="FOLDER", required=True, help="the folder to write to, or its URL"
    )
    parser.set_defaults(run=run)


def _add_examples(group: argparse._ArgumentGroup) -> None:
    rows = group.add_mutually_exclusive_group()
    rows.add_argument("--preferences", action="store_true", help="rows are pairs of answers")
    rows.add_argument(
        "--whole-preferences",
        dest="preferences",
        action="store_const",
        const="whole",
        help="the same for reward models: each answer is written together with its prompt",
    )
    rows.add_argument("--prompts", action="store_true", help="rows are prompts without an answer")
    group.add_argument(
        "--train-on",
        choices=("assistant", "last", "all", "none"),
        default="assistant",
        help="the messages to train on (default: %(default)s)",
    )
    add_turns(
        group,
        "one example per turn of the assistant, with everything before it; with --prepare, as the "
        "model would see it",
    )
    group.add_argument(
        "--no-train-end", action="store_true", help="do not train on the end token of messages"
    )
    group.add_argument(
        "--allow-untrained", action="store_true", help="keep rows in which nothing is trained"
    )
    group.add_argument(
        "--special-text",
        choices=("text", "warn", "refuse"),
        default="text",
        help="what to do with rows whose text spells a special token, which is always encoded as "
        "plain text: keep them (text), also mark them in a column special_text (warn), or refuse "
        "them (default: %(default)s)",
    )
    group.add_argument(
        "--max-tokens", metavar="N", type=int, help="the most ids that an example may have"
    )
    group.add_argument(
        "--overlong",
        choices=("refuse", "fit", "split"),
        default="refuse",
        help="what to do with examples of more ids: refuse them, drop their oldest turns (fit), or "
        "split them at turns (default: %(default)s)",
    )


def _add_files(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--column",
        choices=("weights", "attention_mask", "assistant_masks"),
        action="append",
        default=[],
        help="an additional column; may be repeated",
    )
    group.add_argument(
        "--shuffle", metavar="SEED", type=int, help="shuffle the examples with this seed"
    )
    group.add_argument(
        "--pack", metavar="N", type=int, help="pack whole examples into rows of up to N ids"
    )
    group.add_argument(
        "--pad-id", metavar="ID", type=int, help="pad packed rows to N ids with this id"
    )
    group.add_argument(
        "--shard-tokens",
        metavar="N",
        type=int,
        default=1 << 25,
        help="start a new file after this many ids (default: %(default)s)",
    )


def _add_run(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--engine",
        choices=("local", "ray"),
        default="local",
        help="run on this machine, or on a Ray cluster (default: %(default)s)",
    )
    group.add_argument("--ray-address", metavar="ADDRESS", help="the address of a Ray cluster")
    group.add_argument(
        "--workers", metavar="N", type=int, help="the number of processes (default: one per core)"
    )
    group.add_argument(
        "--max-rejects", metavar="N", type=int, help="stop after more than this many unusable rows"
    )
    again = group.add_mutually_exclusive_group()
    again.add_argument("--resume", action="store_true", help="continue an interrupted run")
    again.add_argument(
        "--overwrite", action="store_true", help="replace the files of an earlier run"
    )


def run(args: argparse.Namespace) -> int:
    """Write the corpus and print its counts."""
    from chatfmt.corpus import EncodeOptions, FileOptions, TooManyRejectsError, tokenize
    from chatfmt.corpus.progress import shown_progress

    mixture = _mixture(args)
    try:
        tok = tokenizer(args)
        options = EncodeOptions(
            tokenizer=tok,
            prepare=preparation(args, tok.format),
            sources=mixture.sources,
            train_on=args.train_on,
            train_end=not args.no_train_end,
            turns=args.turns,
            max_tokens=args.max_tokens,
            overlong=args.overlong,
            allow_untrained=args.allow_untrained,
            weights="weights" in args.column,
            special_text=args.special_text,
            preferences=args.preferences,
            prompts=args.prompts,
        )
        files = FileOptions(
            shuffle=args.shuffle,
            pack=args.pack,
            pad_id=args.pad_id,
            masks=tuple(name for name in args.column if name != "weights"),
            shard_tokens=args.shard_tokens,
        )
        with shown_progress() as progress:
            summary = tokenize(
                mixture,
                args.out,
                options,
                files,
                engine=args.engine,
                workers=args.workers,
                ray_address=args.ray_address,
                max_rejects=args.max_rejects,
                resume=args.resume,
                overwrite=args.overwrite,
                progress=progress,
            )
    except TooManyRejectsError as error:
        sys.stderr.write(f"chatfmt tokenize: stopped: {one_line(str(error))}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write(f"chatfmt tokenize: interrupted: {_how_to_go_on(args.out)}\n")
        raise
    print_json(summary.to_dict())
    if not summary.output:
        sys.stderr.write(f"chatfmt tokenize: no examples: {_why_none(summary)}\n")
    if summary.special_text:
        sys.stderr.write(
            f"{summary.special_text} of {summary.rows} rows spell a special token: the column "
            "special_text says where\n"
        )
    if summary.rejected:
        where = f"{args.out.rstrip('/')}/rejects.jsonl"
        sys.stderr.write(f"{summary.rejected} of {summary.rows} rows were refused: see {where}\n")
    return 0


def _how_to_go_on(out: str) -> str:
    from chatfmt.adapters.store import located

    if not (located(Path(), out) / "manifest.json").is_file():
        return "nothing was written yet"
    return "repeat the command with --resume to continue, or with --overwrite to start again"


def _why_none(summary: Summary) -> str:
    if not summary.rows:
        return "the input has no rows"
    if not summary.rejected:
        return f"all {summary.rows} rows were left out, as the mixture asks"
    reason = next(iter(summary.to_dict()["reasons"]))
    if summary.rejected == summary.rows:
        return f"all {summary.rows} rows were refused, most often because: {one_line(reason)}"
    return (
        f"of {summary.rows} rows, {summary.filtered} were left out, as the mixture asks, and the "
        f"others were refused, most often because: {one_line(reason)}"
    )


def _mixture(args: argparse.Namespace) -> Mixture:
    from chatfmt.adapters import Mixture, load_mixture

    names = args.sources
    if any(name.endswith(".toml") for name in names):
        if len(names) > 1 or args.schema or args.policies:
            raise DataError(
                "expected a mixture alone, found it with --from, --option or other files: a "
                "mixture names its files, their schemas and policies itself"
            )
        mixture = load_mixture(names[0])
        given = said(args)
        sources = tuple(
            source.model_copy(update={"options": source.options.model_copy(update=given)})
            for source in mixture.sources
        )
        return mixture.model_copy(update={"sources": sources})
    if len(set(names)) < len(names):
        raise DataError(
            "expected each source once, found one twice; to read one several times, use repeat in "
            "a mixture"
        )
    how = {"schema": args.schema, "options": policies(args)}
    return Mixture.model_validate(
        {"source": [{"name": name, "paths": [name], **how} for name in names]}
    )
