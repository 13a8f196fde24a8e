"""Writes container images FROM scratch, without a container engine.

An image has one layer. It is written to a tar file that is an OCI image layout and has the manifest of
`docker save`, so that docker and containerd load it. The same inputs give the same bytes: fixed order,
owners and times.
"""
import gzip
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
from datetime import datetime, timezone
from pathlib import Path

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


def shared_libraries(binary):
    """The paths at which the loader finds the libraries of a binary, and its own."""
    headers = subprocess.run(["readelf", "--program-headers", "--dynamic", binary], capture_output=True, text=True, check=True)
    if "(NEEDED)" not in headers.stdout:
        return []
    listed = subprocess.run(["ldd", binary], capture_output=True, text=True, check=True).stdout
    if "not found" in listed:
        sys.exit(f"a library of {binary} is missing:\n{listed}")
    return sorted(set(re.findall(r"(/\S+)", listed)))


def programs(*paths):
    """Programs and what else is loaded like them, for `layer`, with the shared libraries that they need."""
    needed = set(paths).union(*(shared_libraries(path) for path in paths))
    return [(path, Path(path).read_bytes(), 0o755, 0) for path in sorted(needed)]


def users(shell, folder="/", **numbers):
    """The file that names the users of an image."""
    lines = [f"{name}:x:{number}:{number}::{folder}:{shell}\n" for name, number in numbers.items()]
    return "/etc/passwd", "".join(lines).encode(), 0o644, 0


def layer(files, created):
    """A tar file of `(path, content, mode, owner)`; content None makes a folder. The folders above
    are added."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        folders = {str(parent) for path, *_ in files for parent in Path(path).parents} - {"/", "."}
        entries = [(folder, None, 0o755, 0) for folder in folders - {path for path, *_ in files}] + files
        for path, content, mode, owner in sorted(entries, key=lambda entry: entry[0]):
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.mode, entry.uid, entry.gid, entry.mtime = mode, owner, owner, created
            entry.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            entry.size = len(content or b"")
            archive.addfile(entry, io.BytesIO(content or b""))
    return buffer.getvalue()


def timestamp(seconds):
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")


def digest(data):
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def json_bytes(value):
    return json.dumps(value, indent=1, sort_keys=True).encode()


class Blobs:
    """The files of an image layout, by their digests."""

    def __init__(self):
        self.files = {"oci-layout": json_bytes({"imageLayoutVersion": "1.0.0"})}

    def add(self, media_type, data, **more):
        self.files[f"blobs/sha256/{digest(data)[7:]}"] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


def write_image(out, reference, files, settings, created, labels=None):
    """Writes an image with the files of `layer`. `settings` is the `config` of the OCI image
    configuration, and `created` the time of everything in seconds since 1970."""
    machine = os.uname().machine
    plain = layer(files, created)
    packed = gzip.compress(plain, compresslevel=9 if labels else 1, mtime=0)
    blobs, when, labels = Blobs(), timestamp(created), labels or {}
    blob = blobs.add("application/vnd.oci.image.layer.v1.tar+gzip", packed)
    config = blobs.add("application/vnd.oci.image.config.v1+json", json_bytes({
        "architecture": ARCHITECTURES[machine], "os": "linux", "created": when,
        "config": {"Labels": labels, **settings},
        "rootfs": {"type": "layers", "diff_ids": [digest(plain)]},
        "history": [{"created": when, "created_by": "tools/image"}],
    }))
    repository, tag = reference.split(":")
    manifest = blobs.add("application/vnd.oci.image.manifest.v1+json", json_bytes({
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": [blob],
        "annotations": labels}), annotations={"io.containerd.image.name": f"docker.io/{repository}:{tag}",
                                              "org.opencontainers.image.ref.name": tag})
    blobs.files["index.json"] = json_bytes({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                                            "manifests": [manifest]})
    path_of = lambda entry: f"blobs/sha256/{entry['digest'][7:]}"
    blobs.files["manifest.json"] = json_bytes([{"Config": path_of(config), "RepoTags": [reference],
                                                "Layers": [path_of(blob)]}])
    Path(out).write_bytes(layer([(name, data, 0o644, 0) for name, data in blobs.files.items()], created))
    print(f"{out}: {reference}, {len(packed) / 1e6:.1f} MB compressed, {len(plain) / 1e6:.1f} MB unpacked")
    print(f"image {manifest['digest']}")
