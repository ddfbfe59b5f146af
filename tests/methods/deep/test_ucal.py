"""What UCAL's hinge is for."""

from tuwen import methods

SMALL = {"dim": 8, "hidden": 16, "epochs": 60, "device": "cpu", "learning_rate": 0.01, "validation": 0.0}


def test_without_the_hinge_all_items_meet_in_one_point(classes):
    images, texts, _ = classes

    def spread(margin):
        return methods.find("ucal")(**SMALL, margin=margin).fit(images, texts).similarity(images, texts).std()

    assert spread(0.0) < 0.5 * spread(0.2)
