"""What the decoders of DCCAE are for."""

import numpy as np

from tuwen import methods


def test_decoders_lose_less_of_the_features_than_correlation_alone(classes):
    images, texts, _ = classes
    small = {"dim": 3, "hidden": 16, "epochs": 40, "validation": 0.0, "device": "cpu", "learning_rate": 0.01}

    def told(method):
        """Share of the variance of the images that their codes tell linearly."""
        codes = method.fit(images, texts)._transform(images, "image")
        codes = np.c_[codes, np.ones(len(codes))]
        left = images - codes @ np.linalg.lstsq(codes, images, rcond=None)[0]
        return 1 - left.var() / (images - images.mean(axis=0)).var()

    DCCAE = methods.find("dccae")
    assert told(DCCAE(**small, reconstruction=1.0)) > told(DCCAE(**small, reconstruction=0.0)) + 0.05
