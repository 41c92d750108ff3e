"""Rows to the Hugging Face Hub: only when asked, only to the place that was named, and private unless said otherwise.

In: a build's files and a destination. Out: a commit of the Hub's. The token is the user's own, as `hf auth login` or
HF_TOKEN holds it; nothing here reads, shows or writes it. This file must not know what rows are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from backends.bases import is_offline
from compiler.failures import GivenError, NetworkError

REPO = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*\Z")


def push(files: Mapping[str, Path | bytes], repo: str, *, private: bool, message: str) -> str:
    """Put files into a data set of the Hub, made where it is not there, in one commit; return the commit's address.

    Args:
        repo: OWNER/NAME.
        private: whether a data set that is made now is; one that is there stays as it is.

    Raises:
        GivenError: the destination is no OWNER/NAME.
        NetworkError: the Hub may not be asked, cannot be reached, or refuses.
    """
    if not REPO.match(repo):
        raise GivenError(f"{repo!r} is no data set's name", help="give OWNER/NAME, as in ada/pirate-rows")
    if is_offline():
        raise NetworkError(
            "the Hub may not be asked (HF_HUB_OFFLINE)", help="take the variable away to publish, and run again"
        )
    from huggingface_hub import CommitOperationAdd, HfApi
    from huggingface_hub.errors import HfHubHTTPError

    api = HfApi(library_name="tenet")
    added = [
        CommitOperationAdd(name, content if isinstance(content, bytes) else str(content))
        for name, content in files.items()
    ]
    try:
        api.create_repo(repo, repo_type="dataset", private=private, exist_ok=True)
        done = api.create_commit(repo, added, repo_type="dataset", commit_message=message)
    except (HfHubHTTPError, OSError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise NetworkError(
            f"{repo} was not written to: {first}",
            help="`hf auth login` with a token that may write there, or see that the Hub can be reached",
        ) from error
    return str(done.commit_url)
