"""AirSim played by the procedural street: meshes with names, object ids, and responses in AirSim's layout."""

import re
from types import SimpleNamespace

import numpy as np

from thermalsdk.labels import STREET_CLASSES
from thermalsdk.scenes import StreetScene

#: Colours of the segmentation image by id. AirSim's own are like these: no channel has a value twice.
PALETTE = np.stack([np.random.default_rng(seed).permutation(256) for seed in range(3)], axis=-1).astype(
    np.uint8
)


class Client:
    """`airsim.MultirotorClient` with one camera."""

    def __init__(self, moment=None):
        self.moment = moment or StreetScene(9, 96, 128).render(0.0)
        numbers = np.unique(self.moment.instances)
        labels = {n: self.moment.labels[self.moment.instances == n][0] for n in numbers}
        self.meshes = {f"SM_{STREET_CLASSES[label].title()}_{n}": n for n, label in labels.items()}
        self.ids = dict.fromkeys(self.meshes, 77)
        self.empty = False

    def confirmConnection(self):  # noqa: N802 - AirSim's name
        """Connected."""

    def simSetSegmentationObjectID(self, mesh_name, object_id, is_name_regex=False):  # noqa: N802
        assert is_name_regex
        found = [name for name in self.meshes if re.fullmatch(mesh_name, name, re.IGNORECASE)]
        self.ids.update(dict.fromkeys(found, object_id))
        return bool(found)

    def simGetImages(self, requests, vehicle_name=""):  # noqa: N802
        return [self._response(**request.to_msgpack()) for request in requests]

    def _response(self, camera_name, image_type, pixels_as_float, compress):
        assert not pixels_as_float
        assert not compress
        pixels = {0: self._scene, 5: self._segmentation, 7: self._infrared}[image_type]()
        return SimpleNamespace(
            image_data_uint8=b"\0" if self.empty else np.ascontiguousarray(pixels[..., ::-1]).tobytes(),
            height=pixels.shape[0],
            width=pixels.shape[1],
            image_type=image_type,
            time_stamp=1_700_000_000_000_000_000,
            camera_position=SimpleNamespace(x_val=1.0, y_val=2.0, z_val=-3.0),
            camera_orientation=SimpleNamespace(w_val=1.0, x_val=0.0, y_val=0.0, z_val=0.0),
        )

    def _scene(self):
        return self.moment.rgb

    def object_ids(self):
        by_number = np.zeros(65536, np.uint8)
        for name, number in self.meshes.items():
            by_number[number] = self.ids[name]
        return by_number[self.moment.instances]

    def _segmentation(self):
        return PALETTE[self.object_ids()]

    def _infrared(self):
        return np.stack([self.object_ids()] * 3, axis=-1)
