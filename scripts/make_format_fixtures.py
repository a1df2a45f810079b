"""Makes test/formats/fixtures/formats.json: small synthetic NRRD, MetaImage and PNG files (base64) and what is in them.

Each NRRD and MetaImage file is read back with SimpleITK (and NRRD with pynrrd) before it is written down: the expected
values, spacing and dtype are what they read, the expected affine is what nibabel reads in the NIfTI file that SimpleITK
makes of the image. PNG files are read back with Pillow. Where a library cannot read a file, the case says so.

Run: python scripts/make_format_fixtures.py
(made with SimpleITK 2.5.7, pynrrd 1.1.3, nibabel 5.4.2, Pillow 13.0.0, numpy 2.4.6; equal runs give equal bytes)
"""

import base64
import gzip
import json
import pathlib
import struct
import tempfile
import zlib

import nibabel as nib
import nrrd
import numpy as np
import SimpleITK as sitk
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parent.parent / "test" / "formats" / "fixtures" / "formats.json"
TMP = pathlib.Path(tempfile.mkdtemp())
A, B = np.deg2rad(20), np.deg2rad(35)
TURN = np.array([[np.cos(B), -np.sin(B), 0], [np.sin(B), np.cos(B), 0], [0, 0, 1]]) @ np.array(
    [[1, 0, 0], [0, np.cos(A), -np.sin(A)], [0, np.sin(A), np.cos(A)]]
)
SPACING = [1.5, 2.0, 3.25]
ORIGIN = [-12.5, 30.25, 7.0]
SHAPE = (3, 2, 2)  # x, y, z
DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
NRRD_TYPES = dict(
    zip(
        DTYPES,
        [
            "uchar",
            "signed char",
            "unsigned short",
            "short",
            "uint32_t",
            "int",
            "unsigned long long",
            "int64",
            "float",
            "double",
        ],
    )
)
META_TYPES = dict(
    zip(
        DTYPES,
        ["UCHAR", "CHAR", "USHORT", "SHORT", "UINT", "INT", "ULONG_LONG", "LONG_LONG", "FLOAT", "DOUBLE"],
    )
)
cases = {}


def values(dtype, shape=SHAPE, seed=7):
    """[z, y, x]; integers over most of the type's range, and what float32 holds exactly."""
    random = np.random.default_rng(seed)
    shape = tuple(reversed(shape))
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return random.normal(0, 50, shape).astype(np.float32).astype(dtype)
    info = np.iinfo(dtype)
    return random.integers(max(info.min, -(2**22)), min(info.max, 2**22), shape, dtype=dtype, endpoint=True)


def encode(data, big=False):
    return data.astype(data.dtype.newbyteorder(">" if big else "<")).tobytes()


def affine_of(image):
    """What nibabel reads in SimpleITK's NIfTI of the image. float64, where the file has float32: see below."""
    sitk.WriteImage(sitk.Cast(image, sitk.sitkFloat32), str(TMP / "x.nii"))
    stored = nib.load(TMP / "x.nii").affine
    n = image.GetDimension()
    exact = np.eye(4)
    exact[:n, :n] = np.array(image.GetDirection()).reshape(n, n) @ np.diag(image.GetSpacing())
    exact[:n, 3] = image.GetOrigin()
    exact = np.diag([-1, -1, 1, 1]) @ exact
    # The same to the float32 of the header, so the exact one can stand for it.
    assert np.allclose(exact, stored, rtol=1e-6, atol=1e-5), (exact, stored)
    return exact


def add(name, files, **expected):
    """`files`: the first is the one to open."""
    assert name not in cases, name
    cases[name] = {
        "files": {file: base64.b64encode(content).decode() for file, content in files.items()},
        **expected,
    }


def write_down(files):
    for file, content in files.items():
        (TMP / file).write_bytes(content)
    return str(TMP / next(iter(files)))


def add_read(name, files, data, source="file", itk=True, pynrrd=False, affine=None, shape=None):
    """A case whose values must be `data`; SimpleITK and pynrrd are held to that where they can read the file."""
    path = write_down(files)
    expected = {"dtype": str(data.dtype), "affineSource": source}
    if itk:
        image = sitk.ReadImage(path)
        read = sitk.GetArrayFromImage(image)
        assert read.dtype == data.dtype and np.array_equal(read.ravel(), data.ravel()), name
        if image.GetDimension() < 4:
            affine = affine_of(image)
        shape = list(image.GetSize())
    if pynrrd:
        read, _ = nrrd.read(path)
        assert np.array_equal(read.ravel(order="F"), data.ravel()), name
    expected |= {
        "readBy": [reader for reader, used in [("SimpleITK", itk), ("pynrrd", pynrrd)] if used],
        "shape": shape or list(reversed(data.shape)),
        "affine": np.asarray(affine).tolist(),
        "orientation": "".join(nib.aff2axcodes(np.asarray(affine))),
        "values": [float(x) for x in data.ravel()],
    }
    add(name, files, **expected)


def itk_image(data, direction=TURN, spacing=SPACING, origin=ORIGIN):
    image = sitk.GetImageFromArray(data)
    image.SetSpacing(spacing)
    image.SetOrigin(origin)
    image.SetDirection(np.asarray(direction).ravel().tolist())
    return image


def itk_written(image, names, **options):
    sitk.WriteImage(image, str(TMP / names[0]), **options)
    return {name: (TMP / name).read_bytes() for name in names}


def nrrd_text(data, *lines, sizes=None, encoding="raw", endian="little", version=4, kind=None):
    sizes = sizes or list(reversed(data.shape))
    head = [
        f"NRRD000{version}",
        "# by hand",
        f"type: {kind or NRRD_TYPES[str(data.dtype)]}",
        f"dimension: {len(sizes)}",
        f"sizes: {' '.join(map(str, sizes))}",
        f"encoding: {encoding}",
    ]
    if endian:
        head.append(f"endian: {endian}")
    return "\n".join([*head, *lines, "", ""]).encode()


def directions(scale=1):
    return " ".join(
        "(" + ",".join(repr(float(x)) for x in scale * TURN[:, i] * SPACING[i]) + ")" for i in range(3)
    )


PLACE = ["space: LPS", f"space directions: {directions()}", "space origin: (-12.5,30.25,7)"]


def nrrd_cases():
    for dtype in DTYPES:
        for endian in ["little", "big"]:
            data = values(dtype)
            files = {"x.nrrd": nrrd_text(data, *PLACE, endian=endian) + encode(data, endian == "big")}
            add_read(f"nrrd_{dtype}_{endian}", files, data, pynrrd=True)
    data = values("int16")
    raw = encode(data)
    affine = affine_of(itk_image(data))
    for version in [1, 2, 3, 5]:
        files = {
            "x.nrrd": nrrd_text(data, "spacings: 1.5 2 3.25", version=version) + raw
            if version < 4
            else nrrd_text(data, *PLACE, version=version) + raw
        }
        add_read(f"nrrd_version_{version}", files, data, source="pixdim" if version < 4 else "file")
    for space in [
        "right-anterior-superior",
        "RAS",
        "left-anterior-superior",
        "LAS",
        "left-posterior-superior",
    ]:
        files = {"x.nrrd": nrrd_text(data, f"space: {space}", *PLACE[1:]) + raw}
        add_read(f"nrrd_space_{space}", files, data, pynrrd=True)
    for name, space in [
        ("scanner", "space: scanner-xyz"),
        ("righthanded", "space: 3D-right-handed"),
        ("unnamed", "space dimension: 3"),
    ]:
        add_read(
            f"nrrd_space_{name}", {"x.nrrd": nrrd_text(data, space, *PLACE[1:]) + raw}, data, source="pixdim"
        )
    add_read(
        "nrrd_swapped_axes",
        {
            "x.nrrd": nrrd_text(
                data, "space: RAS", "space directions: (0,0,-2) (3,0,0) (0,1.5,0)", "space origin: (1,2,3)"
            )
            + raw
        },
        data,
        pynrrd=True,
    )
    add_read("nrrd_no_origin", {"x.nrrd": nrrd_text(data, *PLACE[:2]) + raw}, data)
    add_read(
        "nrrd_spacings",
        {"x.nrrd": nrrd_text(data, "spacings: 1.5 2 3.25") + raw},
        data,
        source="pixdim",
        pynrrd=True,
    )
    add_read("nrrd_nothing", {"x.nrrd": nrrd_text(data) + raw}, data, source="assumed", pynrrd=True)
    add_read("nrrd_crlf", {"x.nrrd": nrrd_text(data, *PLACE).replace(b"\n", b"\r\n") + raw}, data)
    add_read(
        "nrrd_capitals",
        {
            "x.nrrd": nrrd_text(data, *PLACE)
            .replace(b"type: short", b"TYPE: Short")
            .replace(b"encoding: raw", b"Encoding: RAW")
            .replace(b"endian: little", b"Endian: Little")
            + raw
        },
        data,
    )
    add_read(
        "nrrd_frame_and_keys",
        {
            "x.nrrd": nrrd_text(
                data,
                *PLACE,
                "measurement frame: (1,0,0) (0,1,0) (0,0,1)",
                'space units: "mm" "mm" "mm"',
                "kinds: domain domain domain",
                'labels: "a b" "c" "d"',
                "thicknesses: 1 1 1",
                "key:=a: value = with:=marks",
            )
            + raw
        },
        data,
        pynrrd=True,
    )
    packed = gzip.compress(raw, mtime=0)
    add_read("nrrd_gzip", {"x.nrrd": nrrd_text(data, *PLACE, encoding="gzip") + packed}, data, pynrrd=True)
    add_read(
        "nrrd_gz_byte_skip",
        {
            "x.nrrd": nrrd_text(data, *PLACE, "byte skip: 5", encoding="gz")
            + gzip.compress(b"12345" + raw, mtime=0)
        },
        data,
    )
    text = "\n".join(" ".join(str(x) for x in row) for row in data.reshape(-1, 3)).encode()
    add_read(
        "nrrd_ascii",
        {"x.nrrd": nrrd_text(data, *PLACE, encoding="ascii", endian=None) + text + b"\n"},
        data,
        pynrrd=True,
    )
    floats = values("float32")
    text = " ".join(repr(float(x)) for x in floats.ravel()).encode()
    add_read(
        "nrrd_text_float",
        {"x.nrrd": nrrd_text(floats, *PLACE, encoding="txt", endian=None) + text + b"\n"},
        floats,
        pynrrd=True,
    )
    add_read(
        "nrrd_hex", {"x.nrrd": nrrd_text(data, *PLACE, encoding="hex") + raw.hex().encode() + b"\n"}, data
    )
    add_read(
        "nrrd_line_skip",
        {"x.nrrd": nrrd_text(data, *PLACE, "line skip: 2") + b"one\ntwo\n" + raw},
        data,
        pynrrd=True,
    )
    add_read("nrrd_byte_skip", {"x.nrrd": nrrd_text(data, *PLACE, "byteskip: 3") + b"abc" + raw}, data)
    head = nrrd_text(data, *PLACE, "byte skip: -1", "data file: x.raw").rstrip(b"\n") + b"\n"
    add_read("nhdr_last_bytes", {"x.nhdr": head, "x.raw": b"a header of its own" + raw}, data, pynrrd=True)
    head = nrrd_text(data, *PLACE, "line skip: 1", "byte skip: 2", "datafile: ./x y.raw")
    add_read("nhdr_skips", {"x.nhdr": head, "x y.raw": b"line\nab" + raw}, data)
    head = nrrd_text(data, *PLACE, "data file: x.raw.gz", encoding="gzip")
    add_read("nhdr_gzip", {"x.nhdr": head, "x.raw.gz": packed}, data, pynrrd=True)
    for name, files in {
        "nrrd_itk": itk_written(itk_image(data), ["x.nrrd"]),
        "nrrd_itk_gzip": itk_written(itk_image(data), ["x.nrrd"], useCompression=True),
        "nhdr_itk": itk_written(itk_image(data), ["x.nhdr", "x.raw"]),
    }.items():
        add_read(name, files, data, pynrrd=True)
    two = values("uint16", (4, 3))
    plane = itk_image(two, np.eye(2), SPACING[:2], ORIGIN[:2])
    add_read("nrrd_2d_itk", itk_written(plane, ["x.nrrd"]), two, source="pixdim")
    slanted = np.eye(4)
    slanted[:3, 0], slanted[:3, 1] = TURN[:, 0] * 1.5, TURN[:, 2] * 2
    slanted[:3, 2], slanted[:3, 3] = -TURN[:, 1], ORIGIN
    vectors = " ".join("(" + ",".join(repr(float(x)) for x in slanted[:3, i]) + ")" for i in (0, 1))
    files = {
        "x.nrrd": nrrd_text(
            two, "space: RAS", f"space directions: {vectors}", "space origin: (-12.5,30.25,7)"
        )
        + encode(two)
    }
    add_read("nrrd_2d_in_3d", files, two, itk=False, pynrrd=True, affine=slanted)
    many = values("int16", (3, 2, 2, 2))
    files = {
        "x.nrrd": nrrd_text(
            many, "space: LPS", PLACE[1] + " none", PLACE[2], "kinds: domain domain domain list"
        )
        + encode(many)
    }
    add_read("nrrd_list_last", files, many, itk=False, pynrrd=True, affine=affine)
    lifted = PLACE[1].replace(")", ",0)") + " (0,0,0,5)"
    files = {
        "x.nrrd": nrrd_text(
            many, "space: left-posterior-superior-time", lifted, "space origin: (-12.5,30.25,7,0)", version=5
        )
        + encode(many)
    }
    add_read("nrrd_time_last", files, many, affine=affine)
    one = {
        "x.nrrd": nrrd_text(
            data,
            "space: LPS",
            PLACE[1].replace(": ", ": none "),
            PLACE[2],
            "kinds: vector domain domain domain",
            sizes=[1, 3, 2, 2],
        )
        + raw
    }
    add_read("nrrd_vector_of_one", one, data, itk=False, pynrrd=True, affine=affine, shape=list(SHAPE))
    for name, kind in [("first", "RGB-color"), ("first", "list"), ("last", "vector")]:
        vectors = PLACE[1].replace(": ", ": none ") if name == "first" else PLACE[1] + " none"
        kinds = f"{kind} domain domain domain" if name == "first" else f"domain domain domain {kind}"
        sizes = [3, 2, 2, 2] if name == "first" else [2, 2, 2, 3]
        head = nrrd_text(many, "space: LPS", vectors, PLACE[2], f"kinds: {kinds}", sizes=sizes)
        add(
            f"nrrd_{kind}_{name}",
            {"x.nrrd": head + encode(many)},
            refused=f"it has 3 numbers per voxel ({kind.lower()}), which cannot be segmented",
            dtype="int16[3]",
            shape=[2, 2, 2],
            affine=affine.tolist(),
        )


def meta_text(data, *lines, kind=None, file="LOCAL", sizes=None):
    sizes = sizes or list(reversed(data.shape))
    head = [
        "ObjectType = Image",
        f"NDims = {len(sizes)}",
        "BinaryData = True",
        f"DimSize = {' '.join(map(str, sizes))}",
    ]
    tail = [f"ElementType = MET_{kind or META_TYPES[str(data.dtype)]}", f"ElementDataFile = {file}", ""]
    return "\n".join([*head, *lines, *tail]).encode()


META_PLACE = [
    "TransformMatrix = " + " ".join(repr(float(x)) for x in TURN.T.ravel()),
    "Offset = -12.5 30.25 7",
    "ElementSpacing = 1.5 2 3.25",
]


def meta_cases():
    for dtype in DTYPES:
        for big in [False, True]:
            data = values(dtype)
            order = f"{'ElementByteOrderMSB' if dtype == 'int16' else 'BinaryDataByteOrderMSB'} = {big}"
            files = {"x.mha": meta_text(data, *META_PLACE, order) + encode(data, big)}
            add_read(f"meta_{dtype}_{'big' if big else 'little'}", files, data)
    for kind, dtype in [("LONG", "int32"), ("ULONG", "uint32")]:
        data = values(dtype)
        add_read(
            f"meta_{kind.lower()}", {"x.mha": meta_text(data, *META_PLACE, kind=kind) + encode(data)}, data
        )
    data = values("int16")
    raw = encode(data)
    for name, files in {
        "mha_itk": itk_written(itk_image(data), ["x.mha"]),
        "mha_itk_compressed": itk_written(itk_image(data), ["x.mha"], useCompression=True),
        "mhd_itk": itk_written(itk_image(data), ["x.mhd", "x.raw"]),
        "mhd_itk_compressed": itk_written(itk_image(data), ["x.mhd", "x.zraw"], useCompression=True),
    }.items():
        add_read(name, files, data)
    aliases = {
        "rotation": ["Rotation = 0 1 0 0 0 1 1 0 0", "Position = 10 20 30", "ElementSize = 1 2 3"],
        "orientation": [
            "Orientation = 0 0 1 -1 0 0 0 -1 0",
            "Origin = 10 20 30",
            "ElementSize = 4 5 6",
            "ElementSpacing = 1 2 3",
        ],
    }
    for name, lines in aliases.items():
        add_read(f"meta_{name}", {"x.mha": meta_text(data, *lines) + raw}, data)
    add_read("meta_spacing_only", {"x.mha": meta_text(data, META_PLACE[2]) + raw}, data, source="pixdim")
    add_read("meta_nothing", {"x.mha": meta_text(data) + raw}, data, source="assumed")
    add_read("meta_crlf", {"x.mha": meta_text(data, *META_PLACE).replace(b"\n", b"\r\n") + raw}, data)
    add_read("meta_colons", {"x.mha": meta_text(data, *META_PLACE).replace(b" = ", b": ") + raw}, data)
    add_read("meta_no_object_type", {"x.mha": meta_text(data, *META_PLACE).split(b"\n", 1)[1] + raw}, data)
    add_read(
        "meta_slope",
        {"x.mha": meta_text(data, *META_PLACE, "ElementToIntensityFunctionSlope = 2") + raw},
        data,
    )
    add_read(
        "meta_last_bytes", {"x.mha": meta_text(data, *META_PLACE, "HeaderSize = -1") + b"more" + raw}, data
    )
    add_read(
        "mhd_header_size",
        {"x.mhd": meta_text(data, *META_PLACE, "HeaderSize = 7", file="x.bin"), "x.bin": b"7 bytes" + raw},
        data,
    )
    text = " ".join(str(x) for x in data.ravel()).encode() + b"\n"
    head = meta_text(data, *META_PLACE).replace(b"BinaryData = True", b"BinaryData = False")
    add_read("meta_ascii", {"x.mha": head + text}, data)
    two = values("uint16", (4, 3))
    plane = itk_image(two, [[0, 1], [-1, 0]], SPACING[:2], ORIGIN[:2])
    add_read("meta_2d_itk", itk_written(plane, ["x.mha"]), two, source="pixdim")
    many = values("int16", (3, 2, 2, 2))
    lifted = np.eye(4)
    lifted[:3, :3] = TURN.T
    lines = [
        "TransformMatrix = " + " ".join(repr(float(x)) for x in lifted.ravel()),
        "Offset = -12.5 30.25 7 0",
        "ElementSpacing = 1.5 2 3.25 5",
    ]
    add_read(
        "meta_4d", {"x.mha": meta_text(many, *lines) + encode(many)}, many, affine=affine_of(itk_image(data))
    )
    head = meta_text(many, *META_PLACE, "ElementNumberOfChannels = 3", sizes=[2, 2, 2])
    refused = "it has 3 numbers per voxel (channels), which cannot be segmented"
    affine = affine_of(itk_image(data)).tolist()
    add(
        "meta_channels",
        {"x.mha": head + encode(many)},
        refused=refused,
        dtype="int16[3]",
        shape=[2, 2, 2],
        affine=affine,
    )


PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def png_bytes(samples, depth, colour, interlaced=False, more=()):
    """A PNG file with filter "up" on every second row; `samples` [y, x, channels]. For what Pillow does not write."""

    def chunk(kind, content):
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    def rows(block):
        out, before = b"", None
        for y, row in enumerate(block):
            bits = "".join(format(int(x), f"0{depth}b") for x in row.ravel())
            bits += "0" * (-len(bits) % 8)
            line = np.array([int(bits[i : i + 8], 2) for i in range(0, len(bits), 8)], np.uint8)
            out += bytes([2]) + (line - before).tobytes() if y % 2 else bytes([0]) + line.tobytes()
            before = line
        return out

    height, width = samples.shape[:2]
    blocks = [samples[y::dy, x::dx] for x, y, dx, dy in PASSES] if interlaced else [samples]
    data = b"".join(rows(block) for block in blocks if block.size)
    ihdr = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    body = b"".join(chunk(kind, content) for kind, content in more)
    packed = zlib.compress(data)
    middle = len(packed) // 2
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", ihdr)
        + body
        + chunk(b"IDAT", packed[:middle])
        + chunk(b"IDAT", packed[middle:])
        + chunk(b"IEND", b"")
    )


def png_cases():
    random = np.random.default_rng(3)
    lps = np.diag([-1.0, -1, 1, 1])

    def grey(name, content, expected, dtype="uint8", affine=lps, source="assumed", pillow=None):
        read = np.asarray(Image.open(write_down({"x.png": content})))
        assert np.array_equal(read, expected if pillow is None else pillow), name
        height, width = expected.shape
        add(
            f"png_{name}",
            {"x.png": content},
            readBy=["Pillow"],
            dtype=dtype,
            affineSource=source,
            shape=[width, height],
            affine=affine.tolist(),
            orientation="LPS",
            values=[float(x) for x in expected.ravel()],
        )

    def saved(image, **options):
        image.save(TMP / "s.png", **options)
        return (TMP / "s.png").read_bytes()

    eight = random.integers(0, 256, (5, 7), np.uint8)
    wide = random.integers(0, 65536, (5, 7)).astype(np.uint16)
    labels = random.integers(0, 6, (5, 7), np.uint8)
    grey("grey8", saved(Image.fromarray(eight)), eight)
    grey("grey16", saved(Image.fromarray(wide)), wide, "uint16")
    spaced = np.diag([-1.25, -1.25, 1, 1])
    grey(
        "physical",
        png_bytes(eight[..., None], 8, 0, more=[(b"pHYs", struct.pack(">IIB", 800, 800, 1))]),
        eight,
        affine=spaced,
        source="pixdim",
    )
    grey("aspect", png_bytes(eight[..., None], 8, 0, more=[(b"pHYs", struct.pack(">IIB", 1, 2, 0))]), eight)
    for depth, scale in [(1, None), (2, 85), (4, 17)]:
        small = random.integers(0, 2**depth, (5, 11), np.uint8)
        shown = small.astype(bool) if scale is None else small * scale
        grey(f"grey{depth}", png_bytes(small[..., None], depth, 0), small, pillow=shown)
    palette = random.integers(0, 256, 18, np.uint8).tolist()
    image = Image.fromarray(labels, "P")
    image.putpalette(palette)
    grey("palette", saved(image), labels)
    for depth in [1, 2, 4, 8]:
        few = random.integers(0, min(2**depth, 6), (5, 7), np.uint8)
        grey(
            f"palette{depth}",
            png_bytes(
                few[..., None], depth, 3, more=[(b"PLTE", bytes(palette[: 3 * 2**depth])), (b"tRNS", b"\0")]
            ),
            few,
        )
    for name, samples, depth, colour in [
        ("grey8", eight[..., None], 8, 0),
        ("grey16", wide[..., None], 16, 0),
        ("palette8", labels[..., None], 8, 3),
    ]:
        more = [(b"PLTE", bytes(palette))] if colour == 3 else []
        grey(
            f"interlaced_{name}",
            png_bytes(samples, depth, colour, True, more),
            samples[..., 0],
            "uint16" if depth == 16 else "uint8",
        )
    grey("interlaced_tiny", png_bytes(eight[:1, :2, None], 8, 0, True), eight[:1, :2])
    rgb = np.repeat(eight[..., None], 3, 2)
    grey("rgb_grey", saved(Image.fromarray(rgb)), eight, pillow=rgb)
    opaque = np.dstack([rgb, np.full_like(eight, 255)])
    grey("rgba_grey", saved(Image.fromarray(opaque)), eight, pillow=opaque)
    both = np.dstack([eight, np.full_like(eight, 255)])
    grey("grey_alpha", saved(Image.fromarray(both, "LA")), eight, pillow=both)
    wide_rgb = np.repeat(wide[..., None], 3, 2)
    grey("rgb16_grey", png_bytes(wide_rgb, 16, 2), wide, "uint16", pillow=(wide_rgb >> 8).astype(np.uint8))

    def refused(name, content, dtype, what):
        add(f"png_{name}", {"x.png": content}, refused=what, dtype=dtype, shape=[7, 5], affine=lps.tolist())

    many = "{} numbers per voxel ({}), which cannot be segmented"
    coloured = rgb.copy()
    coloured[2, 3, 1] ^= 1
    refused("rgb", saved(Image.fromarray(coloured)), "uint8[3]", many.format(3, "colours"))
    opaque[..., 1] ^= 1
    refused("rgba", saved(Image.fromarray(opaque)), "uint8[4]", many.format(4, "colours"))
    both[1, 1, 1] = 254
    refused(
        "transparent", saved(Image.fromarray(both, "LA")), "uint8[2]", many.format(2, "1 pixel transparent")
    )
    key = struct.pack(">H", int(eight[2, 2]))
    count = int((eight == eight[2, 2]).sum())
    refused(
        "transparent_key",
        png_bytes(eight[..., None], 8, 0, more=[(b"tRNS", key)]),
        "uint8[2]",
        many.format(2, f"{count} pixel{'s' * (count > 1)} transparent"),
    )


if __name__ == "__main__":
    nrrd_cases()
    meta_cases()
    png_cases()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{json.dumps(name)}: {json.dumps(case)}" for name, case in cases.items()]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(len(cases), "cases,", OUT.stat().st_size, "bytes")
