# SPDX-License-Identifier: GPL-2.0-or-later
"""Disk images of every size are FAT32, and hold what was put into them."""

import subprocess

import pytest

import mkimage


def test_clusters():
    """FAT32 is what has 65,525 clusters and more; both FATs take 8 bytes of each."""
    for mib in range(mkimage.MIN_PARTITION // mkimage.MIB, 40000):
        size = mib * mkimage.MIB
        cluster = 512 * mkimage.cluster_sectors(size)
        assert (size - 32 * 512) // (cluster + 8) >= 65525, mib
        assert cluster == 16384 or size // (2 * cluster) < 66000, mib


@pytest.mark.parametrize("mib", [1, 100, 300])
def test_content(tmp_path, mib):
    big, image, back = tmp_path / "big", tmp_path / "image", tmp_path / "back"
    with open(big, "wb") as f:
        f.truncate(mib * mkimage.MIB - 3)
        f.write(b"end")
    mkimage.make_image(str(image), [("a/b/big", str(big))])
    subprocess.run([mkimage.tool("mcopy"), "-i", f"{image}@@{mkimage.START}", "::/a/b/big", str(back)], check=True)
    assert back.read_bytes() == big.read_bytes()
