"""Writes the DICOM series of test/formats/dicom/fixtures, and what must be read from them.

Python 3.11, pydicom 3.0.2, numpy 2.4.6, pyjpegls 1.5.1, pylibjpeg-openjpeg 2.6.0, and dcmcjpeg of dcmtk 3.6.7 for
JPEG lossless. Every voxel's value is a linear function of the place in the patient where it lies, so that a series
whose axes were swapped, flipped or shifted cannot be read right by chance. All names and numbers are invented.

    python scripts/make_dicom_fixtures.py
"""

import base64
import io
import json
import pathlib
import subprocess
import tempfile

import numpy as np
import pydicom
import pydicom.encaps
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    EnhancedMRImageStorage,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    MRImageStorage,
    RLELossless,
    SecondaryCaptureImageStorage,
)

FOLDER = pathlib.Path(__file__).parent.parent / "test" / "formats" / "dicom" / "fixtures"
ROOT = "1.2.826.0.1.3680043.10.9999"
# LPS directions: along rows, along columns.
AXIAL = ([1, 0, 0], [0, 1, 0])
CORONAL = ([1, 0, 0], [0, 0, -1])
SAGITTAL = ([0, 1, 0], [0, 0, -1])
AXIAL_DOWN = ([-1, 0, 0], [0, 1, 0])  # its normal points to the feet


def oblique():
    """Unit vectors turned about all three axes."""
    a, b, c = np.radians([20, -13, 9])
    rx = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    ry = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    rz = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    m = rx @ ry @ rz
    return m[:, 0], m[:, 1]


def world_value(lps):
    """What is planted at a place: linear, different along every axis. lps: (..., 3) in mm."""
    r, a, s = -lps[..., 0], -lps[..., 1], lps[..., 2]
    return 1000 + 5 * r - 3 * a + 2 * s


def slice_positions(first, rows_direction, columns_direction, gap, n, shear=(0, 0, 0)):
    normal = np.cross(rows_direction, columns_direction)
    return [np.array(first) + k * (gap * normal + np.array(shear)) for k in range(n)]


def slice_lps(position, directions, spacing, rows, columns):
    """Place of every pixel, (rows, columns, 3); spacing: between columns, between rows."""
    row, column = np.array(directions[0]), np.array(directions[1])
    i = np.arange(columns)[None, :, None]
    j = np.arange(rows)[:, None, None]
    return position + i * spacing[0] * row + j * spacing[1] * column


def uid(*parts):
    return ".".join([ROOT, *map(str, parts)])


def base(series, instance, sop_class, syntax, description, modality="MR"):
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = syntax
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = uid(series, instance)
    meta.ImplementationClassUID = uid(0)
    ds = FileDataset(
        None,
        {},
        file_meta=meta,
        preamble=b"\0" * 128,
        is_implicit_VR=syntax.is_implicit_VR,
        is_little_endian=syntax.is_little_endian,
    )
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "M"]
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = uid(series, instance)
    ds.StudyDate = "20240102"
    ds.StudyTime = "030405"
    ds.AccessionNumber = "A-17"
    ds.Modality = modality
    ds.Manufacturer = "Invented Scanners"
    ds.ReferringPhysicianName = "Nobody^Doctor"
    ds.StudyDescription = "Pelvis"
    ds.SeriesDescription = description
    ds.PatientName = "M\u00fcller^Invented"
    ds.PatientID = "SECRET-4711"
    ds.PatientBirthDate = "19500607"
    ds.PatientSex = "M"
    ds.PatientAge = "073Y"
    ds.StudyInstanceUID = uid(1)
    ds.SeriesInstanceUID = uid(series)
    ds.StudyID = "S1"
    ds.SeriesNumber = series
    ds.InstanceNumber = instance
    ds.FrameOfReferenceUID = uid(2)
    ds.PositionReferenceIndicator = ""
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    return ds


def set_format(ds, rows, columns, allocated, stored=None, signed=0):
    ds.Rows, ds.Columns = rows, columns
    ds.BitsAllocated = allocated
    ds.BitsStored = stored or allocated
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = signed


def to_bytes(ds, bare=False):
    buffer = io.BytesIO()
    if bare:
        ds.preamble = None
        del ds.file_meta
        ds.save_as(buffer, implicit_vr=True, little_endian=True, enforce_file_format=False)
    else:
        ds.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def numbers(values):
    return [f"{v:.10f}".rstrip("0").rstrip(".")[:16] for v in np.asarray(values, float)]


def dcmtk_lossless(raw, options=("+e1",)):
    with tempfile.TemporaryDirectory() as folder:
        a, b = f"{folder}/a.dcm", f"{folder}/b.dcm"
        pathlib.Path(a).write_bytes(raw)
        subprocess.run(["dcmcjpeg", *options, a, b], check=True)
        return pathlib.Path(b).read_bytes()


def make_predictors():
    """One noisy frame by each of JPEG lossless' seven predictors; noise of 16 bits reaches every code length."""
    rows, columns = 7, 9
    values = np.random.default_rng(3).integers(0, 2**16, (rows, columns)).astype(np.uint16)
    values[2:5, 2:6] = 1000  # some differences of nothing
    ds = base(30, 1, MRImageStorage, ExplicitVRLittleEndian, "predictors")
    set_format(ds, rows, columns, 16)
    ds.PixelData = values.tobytes()
    frames = []
    for predictor in range(1, 8):
        packed = dcmtk_lossless(to_bytes(ds), ("+el", "+sv", str(predictor)))
        encoded = pydicom.dcmread(io.BytesIO(packed)).PixelData
        frames.append(base64.b64encode(next(pydicom.encaps.generate_frames(encoded, number_of_frames=1))).decode())
    return {"rows": rows, "columns": columns, "values": values.ravel().tolist(), "frames": frames}


def make_series(
    number,
    description,
    directions,
    syntax=ExplicitVRLittleEndian,
    rows=8,
    columns=10,
    slices=6,
    spacing=(1.5, 2.25),
    gap=3.0,
    first=(-20, 15, -30),
    dtype=np.int16,
    stored=None,
    scale=lambda k: (1, 0),
    order=None,
    shear=(0, 0, 0),
    adjust=lambda ds, k: None,
    modality="MR",
    bare=False,
    lossless_jpeg=False,
):
    """One file a slice. Returns the files, shuffled, and what must be read."""
    positions = slice_positions(first, *directions, gap, slices, shear)
    order = order or list(range(slices))
    files, values = [], []
    for k, position in enumerate(positions):
        sop_class = CTImageStorage if modality == "CT" else MRImageStorage
        ds = base(number, order[k] + 1, sop_class, syntax, description, modality)
        signed = 1 if np.dtype(dtype).kind == "i" else 0
        set_format(ds, rows, columns, np.dtype(dtype).itemsize * 8, stored, signed)
        ds.ImagePositionPatient = numbers(position)
        ds.ImageOrientationPatient = numbers([*directions[0], *directions[1]])
        ds.PixelSpacing = numbers([spacing[1], spacing[0]])
        ds.SliceThickness = numbers([gap])[0]
        slope, intercept = scale(k)
        if (slope, intercept) != (1, 0):
            ds.RescaleSlope, ds.RescaleIntercept = str(slope), str(intercept)
        wanted = world_value(slice_lps(position, directions, spacing, rows, columns))
        pixels = np.round((wanted - intercept) / slope).astype(dtype)
        values.append(pixels.astype(np.float64) * slope + intercept)
        adjust(ds, k)
        if np.dtype(dtype).kind == "f":
            del ds.PixelRepresentation, ds.BitsStored, ds.HighBit
            ds.FloatPixelData = pixels.tobytes()
        else:
            raw = pixels.copy()
            if stored == 12:
                raw |= np.uint16(0xA000)  # an old overlay in the unused bits
            if syntax in (RLELossless, JPEGLSLossless, JPEG2000Lossless):
                ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
                ds.PixelData = raw.tobytes()
                ds.compress(syntax, generate_instance_uid=False)
            else:
                swapped = raw.astype(raw.dtype.newbyteorder(">")) if syntax == ExplicitVRBigEndian else raw
                ds.PixelData = swapped.tobytes()
                ds["PixelData"].VR = "OW" if raw.itemsize > 1 else "OB"
        data = to_bytes(ds, bare)
        files.append((f"IM{order[k]:04d}", dcmtk_lossless(data) if lossless_jpeg else data))
    files.sort()
    return files, expectation(positions, directions, spacing, values)


def expectation(positions, directions, spacing, values):
    """Affine to RAS+ and values, x fastest, slices in the order of the normal."""
    step = (positions[-1] - positions[0]) / max(len(positions) - 1, 1)
    m = np.eye(4)
    m[:3, 0] = np.array(directions[0]) * spacing[0]
    m[:3, 1] = np.array(directions[1]) * spacing[1]
    m[:3, 2] = step
    m[:3, 3] = positions[0]
    affine = np.diag([-1, -1, 1, 1]) @ m
    volume = np.stack(values)  # z, y, x: x fastest
    return {
        "shape": list(volume.shape[::-1]),
        "affine": np.round(affine, 9).tolist(),
        "values": [float(np.float32(v)) for v in np.round(volume.ravel(), 5)],
    }


def item(**attributes):
    ds = Dataset()
    for keyword, value in attributes.items():
        setattr(ds, keyword, value)
    return ds


def make_enhanced(number):
    """Two echoes, slices interleaved and in no order, with sequences of undefined length."""
    rows, columns, slices, spacing, gap = 6, 7, 4, (2.0, 1.25), 2.5
    directions = CORONAL
    positions = slice_positions((-5, 10, 40), *directions, gap, slices)
    ds = base(number, 1, EnhancedMRImageStorage, ExplicitVRLittleEndian, "enhanced")
    set_format(ds, rows, columns, 16, 12)
    shared = item(
        PlaneOrientationSequence=[item(ImageOrientationPatient=numbers([*directions[0], *directions[1]]))],
        PixelMeasuresSequence=[
            item(PixelSpacing=numbers([spacing[1], spacing[0]]), SliceThickness="2", SpacingBetweenSlices="2.5")
        ],
    )
    frames, pixels, values = [], [], {0: {}, 1: {}}
    for k in (2, 0, 3, 1):
        for echo in (0, 1):
            slope, intercept = (0.5, 10) if echo else (1, 0)
            wanted = world_value(slice_lps(positions[k], directions, spacing, rows, columns))
            stored = np.round((wanted - intercept) / slope).astype(np.uint16) % 4096
            pixels.append(stored)
            values[echo][k] = stored.astype(float) * slope + intercept
            frames.append(
                item(
                    PlanePositionSequence=[item(ImagePositionPatient=numbers(positions[k]))],
                    MREchoSequence=[item(EffectiveEchoTime=20.0 if echo == 0 else 80.0)],
                    PixelValueTransformationSequence=[
                        item(RescaleSlope=str(slope), RescaleIntercept=str(intercept), RescaleType="US")
                    ],
                    FrameContentSequence=[item(StackID="1", InStackPositionNumber=k + 1)],
                )
            )
    ds.SharedFunctionalGroupsSequence = [shared]
    ds.PerFrameFunctionalGroupsSequence = frames
    ds["PerFrameFunctionalGroupsSequence"].is_undefined_length = True
    for frame in frames:
        frame.is_undefined_length_sequence_item = True
    ds.NumberOfFrames = len(frames)
    ds.PixelData = np.stack(pixels).tobytes()
    expected = [
        expectation(positions, directions, spacing, [values[echo][k] for k in range(slices)]) for echo in (0, 1)
    ]
    return [("enhanced.dcm", to_bytes(ds))], expected


def make_localiser(number):
    files, expected = [], []
    for part, directions in enumerate((AXIAL, CORONAL, SAGITTAL)):
        adjust = lambda ds, k, part=part: setattr(ds, "SOPInstanceUID", uid(number, part + 1, k + 1))
        some, wanted = make_series(
            number, "localizer", directions, rows=5, columns=4, slices=2, gap=10, adjust=adjust
        )
        files += [(f"{part}{name}", data) for name, data in some]
        expected.append(wanted)
    return files, expected


def make_capture(number):
    ds = base(number, 1, SecondaryCaptureImageStorage, ExplicitVRLittleEndian, "screen shot", "OT")
    set_format(ds, 4, 4, 8)
    ds.PixelData = bytes(range(16))
    return [("capture.dcm", to_bytes(ds))], []


def make_colour(number):
    def adjust(ds, k):
        ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
        ds.Rows = 1

    return make_series(number, "colour", AXIAL, rows=3, columns=4, slices=1, dtype=np.uint8, adjust=adjust)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    shuffled = [3, 0, 5, 1, 4, 2]

    def monochrome1(ds, k):
        ds.PhotometricInterpretation = "MONOCHROME1"

    def wide(k):
        return (10, 0)

    series = {
        "axial": make_series(11, "t2 axial", AXIAL, order=shuffled),
        "coronal-implicit": make_series(
            12, "t2 coronal", CORONAL, ImplicitVRLittleEndian, order=shuffled[::-1],
            scale=lambda k: (0.25 + 0.125 * k, -50 * k), dtype=np.uint16,
        ),
        "sagittal-big-endian": make_series(
            13, "t2 sagittal", SAGITTAL, ExplicitVRBigEndian, dtype=np.uint16, stored=12, order=shuffled,
        ),
        "oblique-rle": make_series(14, "t2 oblique", oblique(), RLELossless, order=shuffled[::-1], spacing=(0.75, 1.0)),
        "down-deflated": make_series(
            15, "t1 down", AXIAL_DOWN, DeflatedExplicitVRLittleEndian, dtype=np.uint8, scale=wide,
            order=shuffled, adjust=monochrome1,
        ),
        "tilted-ct": make_series(
            16, "ct tilted", AXIAL, modality="CT", shear=(0, 0.8, 0), scale=lambda k: (1, -1024), order=shuffled,
        ),
        "float": make_series(17, "parametric map", CORONAL, dtype=np.float32, slices=2),
        "bare": make_series(18, "no preamble", AXIAL, ImplicitVRLittleEndian, slices=2, bare=True),
        "int32": make_series(19, "int32", SAGITTAL, dtype=np.int32, slices=2, scale=lambda k: (0.001, 1000)),
        "jpeg-ls": make_series(20, "jpeg-ls", AXIAL, JPEGLSLossless, slices=2, dtype=np.uint16),
        "jpeg-2000": make_series(21, "jpeg 2000", AXIAL, JPEG2000Lossless, slices=2, rows=32, columns=33),
        "jpeg-lossless": make_series(22, "jpeg lossless", AXIAL, slices=2, dtype=np.uint16, lossless_jpeg=True),
        "enhanced": make_enhanced(23),
        "localiser": make_localiser(24),
        "capture": make_capture(25),
        "colour": make_colour(26),
    }
    total = 0
    for name, (files, expected) in series.items():
        expected = expected if isinstance(expected, list) else [expected]
        text = json.dumps(
            {
                "files": [{"name": n, "base64": base64.b64encode(data).decode()} for n, data in files],
                "volumes": expected,
            }
        )
        (FOLDER / f"{name}.json").write_text(text + "\n")
        total += len(text)
    text = json.dumps(make_predictors())
    (FOLDER / "jpeg-lossless-predictors.json").write_text(text + "\n")
    total += len(text)
    print(f"{len(series)} series, {total} bytes")


if __name__ == "__main__":
    main()
