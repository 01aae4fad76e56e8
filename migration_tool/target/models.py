"""botocore's descriptions of the services of AWS: looked for once in a process, and read once."""

from __future__ import annotations

from functools import cache

from botocore.loaders import Loader, create_loader

_SERVICES = ("dynamodb", "s3", "sts")


@cache
def models(path: str | None) -> Loader:
    """For all sessions that have this `data_path`; each would read them for itself."""
    return _Models(extra_search_paths=create_loader(path).search_paths, include_default_search_paths=False)


class _Models(Loader):
    @property
    def search_paths(self) -> list[str]:
        """A copy: boto3 adds a folder for its resources with each session."""
        return [*super().search_paths]

    def list_available_services(self, type_name: str) -> list[str]:
        """Those that are used here: a look through the folders of all 400 takes 20 ms."""
        return [*_SERVICES]
