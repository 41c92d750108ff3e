"""Base models: from the name in a spec to weights in memory.

In: `nano`, a folder, a Hugging Face id with its revision, and perhaps a chat template of the spec. Out: a `Base`
(where the files are and the hash of what they say) and, when asked, the loaded model and its `Chat`. Only safetensors
are read and no code of a model is run. This file must not know recipes, adapters or probes.

    resolve("nano")              the model inside this package
    resolve("./checkpoints/x")   a folder
    resolve("Qwen/Qwen3-0.6B")   the Hugging Face cache, then the hub, unless HF_HUB_OFFLINE=1 or local_files_only
    resolve_role("openai:MODEL@URL")   a model behind a server, for a teacher or judge
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from compiler.digests import digest, file_digest
from compiler.failures import ModelLoadError, NetworkError

if TYPE_CHECKING:
    from backends.chats import Chat
    from backends.devices import Device

# What a base is made of; everything else in its folder (READMEs, ONNX exports, pickles) neither loads nor counts.
FILES = ("*.safetensors", "*.safetensors.index.json", "config.json", "generation_config.json", "tokenizer*", "vocab.*",
         "merges.txt", "special_tokens_map.json", "added_tokens.json", "chat_template*", "*.jinja")  # fmt: skip
IGNORED = ("original/*", "onnx/*", "consolidated*")
HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?\Z")


@dataclass(frozen=True, slots=True)
class Base:
    """name: as the spec gives it. revision: the commit that was found, for a hub id. digest: SHA-256 of weights,
    tokenizer and template, in hex; paths and times are not in it. chat_template: text that replaces the base's own.
    engine: what reads it; `openai` for a model behind a server, which has no files here."""

    name: str
    path: Path
    digest: str
    revision: str | None = None
    chat_template: str | None = None
    engine: str = "transformers"


def resolve(
    name: str,
    revision: str | None = None,
    chat_template: Path | None = None,
    *,
    relative_to: Path | None = None,
    local_files_only: bool = False,
) -> Base:
    """Find the files of base `name`.

    Args:
        chat_template: a Jinja file that replaces the base's template (`model { chat_template: ... }`).
        relative_to: the folder that a relative folder name starts from (the spec's), tried before the working folder.
        local_files_only: take a hub id from the cache only.

    Raises:
        ModelLoadError: the folder is missing or holds no safetensors weights.
        NetworkError: a hub id is not in the cache and cannot be fetched.
    """
    if is_served(name):
        raise ModelLoadError(
            f"{name} is behind a server: its weights are not here to be trained or measured arm by arm",
            help="a served model can be `judge` or `teacher`; `tenet monitor --url` measures one",
        )
    template = _read_template(chat_template) if chat_template else None
    found: Path | None
    commit: str | None = None
    if name == "nano":
        from backends import nano

        found = Path(nano.WEIGHTS)
        if not (found / "config.json").is_file():
            raise ModelLoadError("nano's weights are not in this installation", help="make them: tenet nano train")
    else:
        found = _folder(name, relative_to)
        if found is None:
            if not HUB_ID.match(name):
                raise ModelLoadError(
                    f"there is no folder {name!r}", help='give "nano", a folder of a model, or a Hugging Face id'
                )
            found = _from_hub(name, revision, local_files_only)
            commit = found.name if re.fullmatch(r"[0-9a-f]{40}", found.name) else revision
    _check_files(name, found)
    return Base(name, found, _digest(found, template), commit, template)


def resolve_role(
    name: str, revision: str | None = None, *, relative_to: Path | None = None, local_files_only: bool = False
) -> Base:
    """Find a teacher or judge: as `resolve`, or a model behind a server, which only has to answer.

    Raises:
        ModelLoadError, NetworkError: as `resolve`; a server elsewhere, and only this machine may be asked.
    """
    if not is_served(name):
        return resolve(name, revision, relative_to=relative_to, local_files_only=local_files_only)
    from backends.server import served

    server = served(name)
    if local_files_only and not server.is_local:
        raise NetworkError(
            f"{name} is on another machine, and only models of this one may be used",
            help="leave out --local-files-only, or name a judge of this machine",
        )
    return Base(name, Path(name), digest({"served": server.model, "url": server.url}), engine="openai")


def is_served(name: str) -> bool:
    """Whether this names a model behind a server: `openai:MODEL@URL`."""
    return name.startswith("openai:")


def _folder(name: str, relative_to: Path | None) -> Path | None:
    for start in (relative_to, Path()):
        if start is not None and (start / name).is_dir():
            return start / name
    return None


def _read_template(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelLoadError(f"the chat template {path.name} cannot be read: {error}") from error


def is_offline() -> bool:
    """Whether the user has said that the hub may not be asked, in the words that its own library reads."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def _is_like_nano(name: str) -> bool:
    from difflib import get_close_matches

    return bool(get_close_matches(name.lower(), ["nano"], cutoff=0.75))


def _from_hub(name: str, revision: str | None, local_files_only: bool) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    offline = local_files_only or is_offline()
    try:
        return Path(
            snapshot_download(
                name,
                revision=revision,
                local_files_only=offline,
                allow_patterns=list(FILES),
                ignore_patterns=list(IGNORED),
            )
        )
    except (LocalEntryNotFoundError, OfflineModeIsEnabled) as error:
        why = "the hub may not be asked (offline)" if offline else "the hub cannot be reached"
        fetch = f"on a machine with a network: hf download {name}" + (f" --revision {revision}" if revision else "")
        raise NetworkError(
            f"{name} is not in the Hugging Face cache and {why}",
            help='did you mean the embedded base, "nano"?' if _is_like_nano(name) else fetch,
        ) from error
    except (HfHubHTTPError, OSError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise NetworkError(
            f"{name} cannot be fetched: {first}",
            help='check the id and the revision; a gated model needs `hf auth login`; `base: "nano"` needs no download',
        ) from error


def _check_files(name: str, path: Path) -> None:
    if not (path / "config.json").is_file():
        raise ModelLoadError(f"{name} has no config.json: {path.name} is not the folder of a model")
    if not any(path.glob("*.safetensors")):
        pickles = [p.name for p in (*path.glob("*.bin"), *path.glob("*.pt"), *path.glob("*.pth"))]
        raise ModelLoadError(
            f"{name} has no weights in safetensors" + (f", only pickles ({pickles[0]})" if pickles else ""),
            help="pickles can run code when read, so Tenet reads none; save the model as safetensors"
            if pickles
            else None,
        )


def _files(path: Path) -> list[Path]:
    return sorted({p for pattern in FILES for p in path.glob(pattern) if p.is_file()}, key=lambda p: p.name)


def _sha256(file: Path) -> str:
    """Hash a file's content. A hub cache names each large file by its SHA-256, which spares reading it."""
    blob = file.resolve().name
    if file.is_symlink() and re.fullmatch(r"[0-9a-f]{64}", blob):
        return blob
    return file_digest(file)


def _digest(path: Path, template: str | None) -> str:
    """Hash names and contents."""
    state = hashlib.sha256()
    for file in _files(path):
        state.update(f"{file.name} {_sha256(file)}\n".encode())
    if template is not None:
        state.update(f"template {hashlib.sha256(template.encode()).hexdigest()}\n".encode())
    return state.hexdigest()


STAMP = "tenet-base.json"


def place(base: Base, folder: Path) -> None:
    """Put `base` into `folder` (`build/<spec>/base`), so that a stock trainer finds weights, tokenizer and template
    there, and the build can be carried away.

    Weights become hard links, which take no room, where the file system can; copies elsewhere. A base that is there
    already is left alone; a half-made one cannot be: it is renamed into place when whole.
    """
    stamp: dict[str, Any] = {
        "base": base.name,
        "revision": base.revision,
        "digest": base.digest,
        "template": base.chat_template,
    }
    there = _stamp(folder)
    if there is not None and {**there, "files": None} == {**stamp, "files": None}:
        return
    staged = folder.with_name(folder.name + ".new")
    for old in (staged, folder):
        if old.exists():
            shutil.rmtree(old)
    staged.mkdir(parents=True)
    weights = {}
    for file in _files(base.path):
        if base.chat_template is not None and file.name.startswith("chat_template"):
            continue
        if file.suffix == ".safetensors":
            weights[file.name] = _sha256(file)
            # nano is small, and the package's own file stays out of reach.
            (shutil.copyfile if base.name == "nano" else _link)(file, staged / file.name)
        else:
            shutil.copyfile(file, staged / file.name)
    if base.chat_template is not None:
        (staged / "chat_template.jinja").write_text(base.chat_template, encoding="utf-8")
    stamp["files"] = weights
    (staged / STAMP).write_text(json.dumps(stamp, indent=1) + "\n", encoding="utf-8")
    staged.rename(folder)


def _link(file: Path, target: Path) -> None:
    try:
        target.hardlink_to(file.resolve())
    except OSError:  # another file system, or one without hard links
        shutil.copyfile(file, target)


def verify_placed(folder: Path) -> None:
    """Make sure that the weights in `folder` are those that were put there: whoever writes over the file that a hard
    link shares changes them here too.

    Raises:
        ModelLoadError: they are others now.
    """
    for name, content in (_stamp(folder) or {"files": {}})["files"].items():
        if not (folder / name).is_file() or _sha256(folder / name) != content:
            raise ModelLoadError(
                f"{folder / name} is not what the build put there",
                help=f"remove {folder} and build the spec again: the base has changed since",
            )


def placed(folder: Path) -> Base | None:
    """The base that `place` has put into `folder`, None where there is none."""
    stamp = _stamp(folder)
    if stamp is None or not any(folder.glob("*.safetensors")):
        return None
    return Base(stamp["base"], folder, stamp["digest"], stamp["revision"], stamp["template"])


def _stamp(folder: Path) -> dict[str, Any] | None:
    try:
        stamp: dict[str, Any] = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return stamp if {"base", "revision", "digest", "template", "files"} <= set(stamp) else None


def load_chat(base: Base) -> Chat:
    """Load the tokenizer with its chat template.

    Raises:
        ModelLoadError: no tokenizer, no chat template, or a template that a trainer could not use.
    """
    from transformers import AutoTokenizer

    from backends.chats import Chat

    try:
        tokenizer = AutoTokenizer.from_pretrained(str(base.path), trust_remote_code=False, local_files_only=True)
    except Exception as error:  # the library raises many kinds; all mean that the files are not a tokenizer
        raise ModelLoadError(f"{base.name}: the tokenizer cannot be read: {_first_line(error)}") from error
    if base.chat_template is not None:
        tokenizer.chat_template = base.chat_template
    return Chat(tokenizer, base.name)


def load_model(base: Base, device: Device) -> Any:
    """Load the weights onto `device`, for inference: no gradients, no dropout.

    Raises:
        ModelLoadError: the weights do not fit the configuration, or the architecture is unknown here.
    """
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    from backends.devices import is_out_of_memory, settle, torch_dtype

    settle(device)
    logging.disable_progress_bar()
    try:
        model, report = AutoModelForCausalLM.from_pretrained(
            str(base.path),
            dtype=torch_dtype(device),
            use_safetensors=True,
            trust_remote_code=False,
            local_files_only=True,
            output_loading_info=True,
        )
    except Exception as error:  # as above: every other failure here is one of the files
        if is_out_of_memory(error):
            raise
        raise ModelLoadError(f"{base.name}: the weights cannot be read: {_first_line(error)}") from error
    if report.get("missing_keys"):
        first = sorted(report["missing_keys"])[0]
        raise ModelLoadError(
            f"{base.name}: {len(report['missing_keys'])} tensors are not in the weights: {first} first"
        )
    return model.to(device.kind).requires_grad_(False).eval()


def _first_line(error: BaseException) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
