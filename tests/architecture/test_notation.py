from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sk_jae.architecture import (
    BN,
    FC,
    PPV,
    AvgPool,
    Bands,
    Conv,
    Deconv,
    MaxPool,
    Power,
    Profile,
    Reshape,
    from_widths,
    parse,
    to_string,
)

reproducible = settings(derandomize=True)

NORMALIZED = "Conv, Deconv, FC, Bands, Power, Profile or PPV directly before BN"

small = st.integers(1, 999)
kernels = st.tuples(small, small) | st.tuples(small)
convs = st.builds(Conv, small, kernels, small)
deconvs = st.builds(Deconv, small, kernels, st.none() | small)
dense = st.builds(FC, small)
pools = st.builds(MaxPool, kernels, st.none() | small)
pools |= st.builds(AvgPool, kernels, st.none() | small)
reshapes = st.builds(Reshape, st.tuples(small, small, small) | st.tuples(small, small))
powers = st.just(Power()) | st.builds(Profile, small) | st.builds(Bands, small)
powers |= st.builds(PPV, small, small, small)
normalized = st.tuples(convs | deconvs | dense | powers, st.just(BN()))
alone = st.tuples(convs | deconvs | dense | pools | reshapes | powers)
any_layers = st.lists(normalized | alone).map(lambda parts: sum(parts, ()))


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("", ()),
        (" \n ", ()),
        ("Conv 32x(5x3)", (Conv(32, (5, 3)),)),
        ("Conv 32 x 5 x 5 stride 2", (Conv(32, (5, 5), 2),)),
        ("CONV32×(5×5)STRIDE2", (Conv(32, (5, 5), 2),)),
        ("Conv 64,5,2", (Conv(64, (5, 5), 2),)),
        ("Deconv 32x5x5", (Deconv(32, (5, 5)),)),
        ("Deconv 32x(5x5) stride 1", (Deconv(32, (5, 5), 1),)),
        ("Deconv 64,5,1, FC 3", (Deconv(64, (5, 5), 1), FC(3))),
        ("Conv 8,3,1, Conv 16,3,2", (Conv(8, (3, 3)), Conv(16, (3, 3), 2))),
        ("MP 2x2", (MaxPool((2, 2)),)),
        ("mp (3 x 2) stride 2", (MaxPool((3, 2), 2),)),
        ("Reshape 64x7x7", (Reshape((64, 7, 7)),)),
        ("Reshape 64x16", (Reshape((64, 16)),)),
        ("Conv 32x9 stride 4", (Conv(32, (9,), 4),)),
        ("conv 32 x (9), Conv 8,3,1", (Conv(32, (9,)), Conv(8, (3, 3)))),
        ("Deconv 32x9", (Deconv(32, (9,)),)),
        ("MP 4, ap 4 stride 2", (MaxPool((4,)), AvgPool((4,), 2))),
        ("AP 2x2", (AvgPool((2, 2)),)),
        ("Power, BN, profile 8, bn", (Power(), BN(), Profile(8), BN())),
        ("bands 64, BN", (Bands(64), BN())),
        ("ppv 4x32, PPV 3 × 8 stride 2, BN", (PPV(4, 32), PPV(3, 8, 2), BN())),
        ("FC 3136, BN, Reshape 64x7x7", (FC(3136), BN(), Reshape((64, 7, 7)))),
        ("FC 1; FC 2 -> FC 3 → FC 4\nFC 5", tuple(map(FC, range(1, 6)))),
        ("\n  FC 1,\n\n  FC 2\n", (FC(1), FC(2))),
        ("FC 1\r\n-> FC 2\r\n", (FC(1), FC(2))),
    ],
)
def test_parse(text, layers):
    assert parse(text) == layers


@pytest.mark.parametrize(
    ("written", "implied"),
    [
        ("FC 5, ReLU, FC 6, ReLU", "FC 5, FC 6"),
        ("FC 5, BN, ReLU", "FC 5, BN"),
        ("Conv 8x3x3, MP 2x2, ReLU", "Conv 8x3x3, MP 2x2"),
    ],
)
def test_a_written_relu_changes_nothing(written, implied):
    assert parse(written) == parse(implied)


@pytest.mark.parametrize(
    ("text", "fault", "expected"),
    [
        ("Conv 32x(5x5), MP 2x2 FC 500", "FC", "',' or the end"),
        (
            "FC 500, Dense 3",
            "Dense",
            "Conv, Deconv, MP, AP, Bands, Power, Profile, PPV",
        ),
        ("FC 500,, FC 3", ", FC", "Conv, Deconv"),
        ("FC 500, 250", "250", "Conv, Deconv"),
        (", FC 500", ",", "Conv, Deconv"),
        ("FC 500,", None, "a layer"),
        ("FC 500 ->\n", None, "a layer"),
        ("FC", None, "a positive integer, as in FC 500"),
        ("FC x", "x", "a positive integer"),
        ("FC 0", "0", "a positive integer"),
        ("FC 1.5", "1.5", "a positive integer"),
        ("FC -5", "-5", "a positive integer"),
        ("FC 5, FC 1000000 2", "2", "',' or the end"),
        ("Conv 32, MP 2x2", ", MP", "'x', as in Conv 32x(5x5)"),
        ("Conv 32x4 5", "5", "',' or the end"),
        ("Conv 32x(5x), FC 3", "), FC", "a positive integer, as in Conv 32x(5x5)"),
        ("Conv 32x(5x5, FC 3", ", FC", "')', as in Conv 32x(5x5)"),
        ("Conv 32x5x5)", ")", "',' or the end"),
        ("Conv 32x(5x5) stride", None, "a positive integer, as in Conv 32x(5x5) str"),
        ("Conv 32x(5x5) stride 2x2", "x2", "',' or the end"),
        ("Conv 64,5", None, "',', as in Conv 64,5,2"),
        ("Deconv 64,5, FC 3", "FC", "a positive integer, as in Deconv 64,5,2"),
        ("MP 2x", None, "a positive integer, as in MP 2x2"),
        ("MP 2,3", "3", "Conv, Deconv"),
        ("Profile", None, "a positive integer, as in Profile 8"),
        ("PPV 4", None, "'x', as in PPV 4x32"),
        ("Power 8", "8", "',' or the end"),
        ("MP 4, BN", "BN", NORMALIZED),
        ("Conv 8x\n3x3", "\n", "a positive integer"),
        ("Reshape 64", None, "'x', as in Reshape 64x7x7"),
        ("FC 5; FC ½", "½", "a positive integer"),
        ("BN, FC 5", "BN", NORMALIZED),
        ("Conv 8x3x3, MP 2x2, BN", "BN", NORMALIZED),
        (
            "FC 5, ReLU, BN",
            "BN",
            NORMALIZED,
        ),
        (
            "FC 5, BN, bn",
            "bn",
            NORMALIZED,
        ),
        ("ReLU, FC 5", "ReLU", "Conv, Deconv or FC before ReLU"),
        ("MP 2x2, ReLU", "ReLU", "Conv, Deconv or FC before ReLU"),
    ],
)
def test_a_fault_is_located(text, fault, expected):
    position = len(text) if fault is None else text.index(fault)
    with pytest.raises(ValueError, match=f"at position {position}: ") as error:
        parse(text)
    message = str(error.value).split("\n")[0]
    assert f": expected {expected}" in message
    assert ("found the end." in message) == (fault is None)


def test_the_caret_stands_under_the_fault():
    with pytest.raises(ValueError, match="position 22: ") as error:
        parse("Conv 8x(3x3)\n\tMP 2x2; Dense 50\nFC 3")
    line, caret = str(error.value).split("\n")[-2:]
    assert line.endswith(" MP 2x2; Dense 50")
    assert line[caret.index("^") :] == "Dense 50"


@reproducible
@given(any_layers, st.data())
def test_any_fault_is_located(layers, data):
    text = to_string(layers)
    spaces = [index for index, character in enumerate(text) if character == " "]
    assume(spaces)
    position = data.draw(st.sampled_from(spaces))
    with pytest.raises(ValueError, match=f"at position {position}: .* found '\\?'"):
        parse(text[:position] + "?" + text[position + 1 :])


@reproducible
@given(st.text(st.sampled_from("CcOoNnVvMmPpFfBbx×(),;->→ \n019.")) | st.text())
def test_any_text_is_read_or_located(text):
    try:
        layers = parse(text)
    except ValueError as error:
        found = re.match(r"Bad architecture at position (\d+): ", str(error))
        assert found is not None
        assert 0 <= int(found[1]) <= len(text)
    else:
        assert parse(to_string(layers)) == layers


@pytest.mark.parametrize("piece", ["FC 1, ", "Conv 1,1,1, ", "(", "9", " ", "→", "a"])
@pytest.mark.parametrize("length", [50_000, 10**6])
def test_long_texts_are_read_or_refused_in_few_words(piece, length):
    text = (piece * length)[:length]
    if not text.strip() and length <= 50_000:
        assert parse(text) == ()
        return
    with pytest.raises(ValueError, match="architecture") as error:
        parse(text)
    assert len(str(error.value)) < 400
    if length > 50_000:
        assert "1,000,000 characters, expected at most 50,000" in str(error.value)


def test_a_long_line_is_cut_around_the_fault():
    text = "FC 1, " * 100 + "Dense 5, " + "FC 1, " * 100
    with pytest.raises(ValueError, match="position 600: ") as error:
        parse(text)
    line, caret = str(error.value).split("\n")[-2:]
    assert line[caret.index("^") :].startswith("Dense 5, FC 1")
    assert len(line) < 140


@pytest.mark.parametrize("digits", [19, 5000])
def test_numbers_have_at_most_18_digits(digits):
    assert parse("FC " + "9" * 18) == (FC(10**18 - 1),)
    with pytest.raises(ValueError, match="a positive integer of at most 18 digits"):
        parse("FC " + "9" * digits)


@pytest.mark.parametrize("value", [None, 5, b"FC 5", ("FC 5",)])
def test_parse_refuses_what_is_not_a_string(value):
    with pytest.raises(TypeError, match=r"must be a string such as .* got .* of type"):
        parse(value)


@reproducible
@given(any_layers)
def test_round_trip(layers):
    assert parse(to_string(layers)) == layers


@reproducible
@given(
    any_layers,
    st.sampled_from([str.lower, str.upper, str.swapcase]),
    st.sampled_from("x×X"),
    st.sampled_from(["", " ", "   ", "\t"]),
    st.sampled_from([", ", ",", ";", "\n", ",\n", " -> ", "→"]),
    st.booleans(),
)
def test_spelling_does_not_matter(layers, case, times, space, separator, bare):
    text = case(to_string(layers))
    text = re.sub(r"(?<=\d)x|(?<=\d)X", times, text)
    if bare:
        text = text.replace("(", "").replace(")", "")
    parts = [part.replace(" ", space) for part in text.split(", ")]
    assert parse(separator.join(parts)) == layers


def test_the_printed_form_is_the_papers():
    text = "Conv 8x(5x5) stride 2, BN, MP 3x3 stride 2, FC 9, Deconv 4x3x3 stride 1"
    assert to_string(parse(text)) == text


@pytest.mark.parametrize("widths", [(), (500, 250), [3], np.array([4, 5])])
def test_from_widths(widths):
    assert from_widths(widths) == tuple(FC(int(width)) for width in widths)


@pytest.mark.parametrize(
    ("widths", "error", "message"),
    [
        (500, TypeError, r"must be a tuple of integers such as \(500, 250\), got 500"),
        ("500", TypeError, "must be a tuple of integers"),
        ((500, 2.5), TypeError, "layer 2 must be a positive integer, got 2.5 of type"),
        ((True,), TypeError, "layer 1 must be a positive integer, got True"),
        ((5, None), TypeError, "layer 2 must be a positive integer, got None"),
        ((500, 0), ValueError, r"In \(500, 0\), the width of layer 2 .* got 0"),
        ((-1, 3), ValueError, "layer 1 must be a positive integer, got -1"),
    ],
)
def test_from_widths_refuses(widths, error, message):
    with pytest.raises(error, match=message):
        from_widths(widths)


def test_many_widths_are_refused_in_few_words():
    with pytest.raises(ValueError, match="the width of layer 10000 must be") as error:
        from_widths([1] * 9999 + [0])
    assert len(str(error.value)) < 200
