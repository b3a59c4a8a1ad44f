import base64
import io

import numpy as np
import pytest
from PIL import Image

from nnjax.report.charts import array_images


def opened(png):
    return Image.open(io.BytesIO(png)).convert("RGBA")


def test_png_holds_the_pixels():
    image = np.asarray(opened(array_images.to_png(np.array([[0.0, 0.5, 1.0], [np.nan, 2.0, -1.0]]))))
    assert image.shape == (2, 3, 4)
    np.testing.assert_allclose(image[0, :, 0], [0, 127.5, 255], atol=1.1)  # 255 levels of gray
    assert image[1, 0, 3] == 0  # what is missing is transparent
    assert image[1, 1].tolist() == [255, 255, 255, 255]
    assert image[1, 2].tolist() == [0, 0, 0, 255]


def test_palettes_have_their_middle_where_weights_are_zero():
    red, green, blue, _ = np.asarray(opened(array_images.to_png(np.full((1, 1), 0.5), "RdBu_r")))[0, 0]
    assert min(red, green, blue) > 240  # white: no weight


def test_data_uri_holds_the_file():
    uri = array_images.data_uri(b"abc")
    assert base64.b64decode(uri.removeprefix("data:image/png;base64,")) == b"abc"


@pytest.mark.parametrize("width", [1, 3, 8, 16, 28, 100, 112])
def test_strips_have_columns_of_one_width_whatever_the_images(width):
    drawn = array_images.strip(np.ones((5, 2, width)), 112)
    assert drawn.shape == (2 * (112 // width), 5 * (112 + array_images.GAP))
    column = drawn[:, : 112 + array_images.GAP]
    assert np.nansum(column) == 2 * width * (112 // width) ** 2
    assert np.isnan(drawn[:, 0]).all()


def test_tiles_keep_the_order():
    drawn = array_images.tiles(np.arange(3.0)[:, None, None] * np.ones((1, 2, 2)), columns=2)
    assert drawn.shape == (5, 5)
    assert (drawn[0, 0], drawn[0, 3], drawn[3, 0]) == (0, 1, 2)
    assert np.isnan(drawn[3, 3])


@pytest.mark.parametrize(
    ("width", "shape"), [(1, (1, 1)), (2, (1, 2)), (16, (1, 16)), (32, (4, 8)), (64, (8, 8)), (128, (8, 16))]
)
def test_code_shapes_of_the_deck(width, shape):
    assert array_images.code_shape(width) == shape


def test_code_shape_holds_the_code_and_wastes_less_than_a_row():
    for width in range(1, 200):
        rows, columns = array_images.code_shape(width)
        assert width <= rows * columns < width + columns


def test_codes_share_a_scale_that_begins_at_zero():
    drawn = array_images.code_images(np.array([[1.0, 2.0], [4.0, 0.0]]))
    np.testing.assert_array_equal(drawn, [[[0.25, 0.5]], [[1.0, 0.0]]])
    signed = array_images.code_images(np.array([[-1.0, 1.0]]))
    np.testing.assert_array_equal(signed, [[[0.0, 1.0]]])
    assert np.isfinite(array_images.code_images(np.zeros((2, 4)))).all()


def test_largest_units():
    kernel = np.array([[1.0, 0, 3, -2], [0, 0, 0, 2]])
    assert array_images.largest_units(kernel, 2).tolist() == [2, 3]


def test_weights_without_a_sign_are_white_and_extremes_are_far_apart():
    drawn = array_images.weight_tiles(np.array([[1.0, 0], [-1.0, 0]]), (1, 2))
    assert drawn[0].tolist()[:2] == [1.0, 0.0]
    assert drawn[0].tolist()[3:] == [0.5, 0.5]


def test_one_example_of_each_class():
    labels = np.array([3, 3, 1, 0, 1, 2])
    assert list(array_images.one_of_each(labels, 6, limit=4)) == [3, 2, 5, 0]
    assert list(array_images.one_of_each(labels, 6, limit=5)) == [3, 2, 5, 0, 1]
    assert list(array_images.one_of_each(None, 3)) == [0, 1, 2]
