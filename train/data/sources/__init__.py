"""The data sets that `python -m train prepare` knows, one module each."""

from train.data.sources import camvid, flir, flir_crops, m3svd, msrs, roadscene, thermalgan, thermalworld

#: Name on the command line to the function that writes the source `src` as a canonical data set `out`.
SOURCES = {
    "msrs": msrs.prepare,
    "roadscene": roadscene.prepare,
    "camvid": camvid.prepare,
    "m3svd": m3svd.prepare,
    "flir_crops": flir_crops.prepare,
    "flir": flir.prepare,
    "thermalworld": thermalworld.prepare,
    "thermalgan": thermalgan.prepare,
}

__all__ = ["SOURCES"]
