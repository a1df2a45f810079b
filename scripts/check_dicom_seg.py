"""Checks DICOM in and out against others: python scripts/check_dicom_seg.py [FOLDER...]

Reads series (those of test/formats/dicom/fixtures, or folders of DICOM files) with our code, pydicom + highdicom,
SimpleITK and dcm2niix, and compares values and millimetres; then reads our DICOM-SEG of each with highdicom,
pydicom-seg and by hand, and compares every voxel's place. Runs dciodvfy (Debian's dicom3tools) and dcm2niix where they
are installed, and pydicom-seg 0.4.1 by the Python that PYDICOM_SEG_PYTHON names, as it needs pydicom < 3 and
numpy < 2. Python 3.11, pydicom 3.0.2, highdicom 0.28.2, SimpleITK 2.5, nibabel 5.4.2.
"""

import base64
import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

import highdicom as hd
import nibabel as nib
import numpy as np
import pydicom
import SimpleITK as sitk

HERE = pathlib.Path(__file__).resolve().parent
FIXTURES = HERE.parent / "test" / "formats" / "dicom" / "fixtures"
LPS_TO_RAS = np.diag([-1.0, -1.0, 1.0, 1.0])
FAILURES = []
# What others cannot do, or do otherwise, with a fixture: the reason why a difference there is none of ours.
KNOWN = {
    ("SimpleITK", "tilted-ct"): "cannot shear a volume",
    ("dcm2niix", "tilted-ct"): "keeps the slices upright here, and writes a sheared copy beside it",
    ("SimpleITK", "down-deflated"): "inverts MONOCHROME1",
    ("highdicom", "down-deflated"): "inverts MONOCHROME1",
    ("highdicom get_volume()", "tilted-ct"): "cannot shear a volume",
    ("pydicom-seg", "tilted-ct"): "cannot shear a volume",
}
# Anonymised, these are empty on purpose: PS3.15 table E.1-1, action Z.
EMPTIED = ("StudyDate", "StudyTime", "StudyID")
WITH_PYDICOM_SEG = """
import json, sys
import numpy as np, pydicom, pydicom_seg, SimpleITK as sitk
image = pydicom_seg.MultiClassReader().read(pydicom.dcmread(sys.argv[1])).image
lps = np.eye(4)
lps[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) @ np.diag(image.GetSpacing())
lps[:3, 3] = image.GetOrigin()
print(json.dumps({"lps": lps.tolist(), "array": sitk.GetArrayFromImage(image).tolist()}))
"""


def report(ok, what):
    print(f"  {'ok  ' if ok else 'FAIL'} {what}")
    if not ok:
        FAILURES.append(what)


def unpack(path, folder):
    folder.mkdir()
    for file in json.loads(path.read_text())["files"]:
        (folder / file["name"]).write_bytes(base64.b64decode(file["base64"]))
    return folder


def points(affine, index):
    """Millimetres of voxel indices (n, 3)."""
    return index @ affine[:3, :3].T + affine[:3, 3]


def as_set(affine, array):
    """The nonzero voxels of an array as rounded millimetres and values."""
    index = np.argwhere(array != 0)
    places = np.round(points(affine, index), 2) + 0.0
    return {(*place, int(array[tuple(i)])) for place, i in zip(places.tolist(), index)}


def compare_image(name, affine, array, ours_affine, ours):
    """Whether another reader has the same value at the same millimetres, whatever its axes."""
    inverse = np.linalg.inv(affine)
    index = np.argwhere(np.ones(ours.shape, bool))
    there = points(inverse, points(ours_affine, index))
    nearest = np.round(there).astype(int)
    inside = ((nearest >= 0) & (nearest < array.shape)).all(axis=1)
    off = float(np.abs(there - nearest).max())
    if not inside.all() or off > 0.01:
        report(False, f"{name}: voxels lie elsewhere (up to {off:.3g} voxels, {np.sum(~inside)} outside)")
        return
    difference = np.abs(array[tuple(nearest.T)] - ours[tuple(index.T)]).max()
    report(difference < 1e-2, f"{name}: {len(index)} voxels, off by {off:.2g} voxels, values by {difference:.2g}")


def with_sitk(folder, uid):
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder), uid)
    if len(names) < 2:
        return None
    image = sitk.ReadImage(names)
    lps = np.eye(4)
    lps[:3, :3] = np.array(image.GetDirection()).reshape(3, 3) @ np.diag(image.GetSpacing())
    lps[:3, 3] = image.GetOrigin()
    return LPS_TO_RAS @ lps, sitk.GetArrayFromImage(image).T.astype(float)


def with_dcm2niix(folder, out):
    out.mkdir()
    subprocess.run(
        ["dcm2niix", "-z", "n", "-b", "n", "-f", "%s", "-m", "n", "-o", str(out), str(folder)], capture_output=True
    )
    for path in sorted(glob.glob(f"{out}/*.nii")):
        image = nib.load(path)
        yield path, image.affine, image.get_fdata()


def with_highdicom(folder, uid):
    datasets = [pydicom.dcmread(f, force=True) for f in sorted(folder.iterdir())]
    datasets = [d for d in datasets if d.get("SeriesInstanceUID") == uid and "file_meta" in dir(d)]
    volume = hd.get_volume_from_series(datasets)
    # Axes: slices, rows, columns; millimetres in LPS.
    return LPS_TO_RAS @ volume.affine, volume.array.astype(float)


def same_place(written, affine, shape):
    _, other, data = written
    corners = lambda m, size: sorted(
        np.round(points(m, np.array([[x, y, z] for x in (0, size[0] - 1) for y in (0, size[1] - 1) for z in (0, size[2] - 1)])), 1)
        .tolist()
    )
    return data.ndim == 3 and np.allclose(corners(other, data.shape), corners(affine, shape), atol=0.2)


def check_reading(folder, scratch, volume):
    ours = np.array(volume["values"]).reshape(volume["shape"], order="F")
    affine = np.array(volume["affine"])
    uid = volume["series"]["seriesUid"]
    for name, read in (("SimpleITK", with_sitk), ("highdicom", with_highdicom)):
        if (name, folder.name) in KNOWN:
            print(f"  --   {name} {KNOWN[name, folder.name]}")
            continue
        try:
            found = read(folder, uid)
        except Exception as error:
            print(f"  --   {name} cannot: {type(error).__name__}: {str(error)[:90]}")
            continue
        if found is None or found[1].ndim != 3 or found[1].size != ours.size:
            print(f"  --   {name} reads another number of voxels")
            continue
        compare_image(name, *found, affine, ours)
    if not shutil.which("dcm2niix"):
        return
    if ("dcm2niix", folder.name) in KNOWN:
        print(f"  --   dcm2niix {KNOWN['dcm2niix', folder.name]}")
        return
    # Of a series of several volumes it writes several: ours is the one that lies at the same place.
    written = [each for each in with_dcm2niix(folder, scratch) if same_place(each, affine, ours.shape)]
    if not written:
        print("  --   dcm2niix writes nothing at this place")
    for path, other, data in written:
        compare_image(f"dcm2niix {pathlib.Path(path).name}", other, data, affine, ours)


def places_by_hand(seg):
    """Segment number at every place, from each frame's own position: no library."""
    shared = seg.SharedFunctionalGroupsSequence[0]
    orientation = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    rows_apart, columns_apart = map(float, shared.PixelMeasuresSequence[0].PixelSpacing)
    bits = np.unpackbits(np.frombuffer(seg.PixelData, np.uint8), bitorder="little")
    frame_size = seg.Rows * seg.Columns
    places = set()
    for k, frame in enumerate(seg.PerFrameFunctionalGroupsSequence):
        position = np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float)
        number = frame.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        pixels = bits[k * frame_size : (k + 1) * frame_size].reshape(seg.Rows, seg.Columns)
        for row, column in np.argwhere(pixels):
            lps = position + column * columns_apart * orientation[:3] + row * rows_apart * orientation[3:]
            ras = np.round(lps * [-1, -1, 1], 2) + 0.0
            places.add((*ras.tolist(), int(number)))
    return places


def check_seg(path, volume, fixture):
    mask = np.array(volume["mask"]).reshape(volume["shape"], order="F")
    labels = [label for label in (3, 5, 7) if (mask == label).any()]
    numbers = np.zeros_like(mask)
    for i, label in enumerate(labels):
        numbers[mask == label] = i + 1
    wanted = as_set(np.array(volume["affine"]), numbers)
    raw = pydicom.dcmread(path)
    report(places_by_hand(raw) == wanted, f"by hand: {len(wanted)} voxels of {len(labels)} segments in place")

    seg = hd.seg.segread(str(path))
    descriptions = [seg.get_segment_description(number) for number in seg.segment_numbers]
    names = [f"{each.segment_label} = {each.segmented_property_type.meaning}" for each in descriptions]
    print(f"      highdicom: {', '.join(names)}; {seg.NumberOfFrames} frames")
    reason = KNOWN.get(("highdicom get_volume()", fixture))
    if reason:
        print(f"  --   highdicom get_volume() {reason}")
        return
    whole = seg.get_volume(combine_segments=True)
    report(as_set(LPS_TO_RAS @ whole.affine, whole.array) == wanted, "highdicom get_volume(): every voxel in place")

    python = os.environ.get("PYDICOM_SEG_PYTHON")
    if python:
        run = subprocess.run([python, "-c", WITH_PYDICOM_SEG, str(path)], capture_output=True, text=True)
        if run.returncode:
            report(False, f"pydicom-seg: {run.stderr.strip().splitlines()[-1][:120]}")
            return
        result = json.loads(run.stdout)
        array = np.array(result["array"]).T
        same = as_set(LPS_TO_RAS @ np.array(result["lps"]), array) == wanted
        report(same, "pydicom-seg MultiClassReader: every voxel in place")


def validate(path, anonymised):
    if shutil.which("dciodvfy"):
        run = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True)
        lines = [x for x in (run.stdout + run.stderr).splitlines() if x.strip()]
        errors = [x for x in lines if x.startswith(("Error", "Warning"))]
        if anonymised:
            errors = [x for x in errors if not any(f"</{name}(" in x for name in EMPTIED)]
        report(not errors, f"dciodvfy: {len(errors)} errors and warnings; it says {lines[-1:]}")
        for line in errors[:10]:
            print("      ", line)


def main():
    warnings.simplefilter("ignore")
    scratch = pathlib.Path(tempfile.mkdtemp())
    given = [pathlib.Path(each) for each in sys.argv[1:]]
    folders = given or [
        unpack(path, scratch / path.stem)
        for path in sorted(FIXTURES.glob("*.json"))
        if path.stem != "jpeg-lossless-predictors"
    ]
    for folder in folders:
        print(folder.name)
        for mode in ([], ["anonymise"]):
            out = scratch / f"{folder.name}-out{''.join(mode)}"
            command = ["node", str(HERE / "dicom_seg_for_check.js"), str(folder), str(out), *mode]
            subprocess.run(command, check=True)
            for path in sorted(out.glob("seg-*.dcm")):
                volume = json.loads((out / path.name.replace("seg", "volume").replace(".dcm", ".json")).read_text())
                if not mode:
                    check_reading(folder, scratch / f"{folder.name}-{path.stem}-niix", volume)
                check_seg(path, volume, folder.name)
                validate(path, bool(mode))
                if mode:
                    raw = path.read_bytes()
                    report(b"SECRET" not in raw and b"Invented" not in raw, "anonymised: no name, no number")
    print(f"{len(FAILURES)} failures")
    sys.exit(1 if FAILURES else 0)


if __name__ == "__main__":
    main()
