"""``reprise show``, and the drawings that it makes."""

import xml.etree.ElementTree as ET
from itertools import pairwise

import pytest
from cli_samples import save
from workflow_samples import Add, Choose, Fail, diamond, graph, link, node

from workflows import load_graph
from workflows.cli.main import main
from workflows.drawing import draw_svg, draw_text
from workflows.drawing.places import BOX_HEIGHT, BOX_WIDTH, find_places

SVG = "{http://www.w3.org/2000/svg}"


def looping():
    """a -> b -> c, back from c to b while c.value is true, d on an error of b."""
    condition = {"source_output": "value", "value": True}
    return graph(
        [node("a", Choose), node("b", Choose), node("c", Choose), node("d", Fail), node("e", Add)],
        [
            link("a", "b", {"value": "value"}),
            link("b", "c", {"value": "value"}),
            link("c", "b", {"value": "value"}, conditions=[condition]),
            link("b", "d", on_error=True),
            link("c", "e", conditions=[{"source_output": "value", "value": False}], map_all_data=True),
        ],
    )


def test_the_text_has_levels_conditions_errors_and_loops():
    assert draw_text(load_graph(looping())).splitlines() == [
        "sample: 5 nodes, 5 links",
        "level 1",
        "  a (Choose)",
        "    -> b: value -> value",
        "level 2",
        "  b (Choose)",
        "    -> c: value -> value",
        "    -> d [on error]",
        "level 3",
        "  c (Choose)",
        "    -> b [loop, if value = true]: value -> value",
        "    -> e [if value = false]: all outputs",
        "  d (Fail)",
        "level 4",
        "  e (Add)",
    ]


def test_a_graph_of_strangers_cannot_steer_the_terminal():
    drawn = draw_text(load_graph(graph([node("a\x1b[2J", Add)], label="\x1b]0;title\x07")))

    assert "\x1b" not in drawn
    assert "\x07" not in drawn


def test_no_boxes_overlap_and_links_lead_down():
    nodes = [node(str(i), Add) for i in range(60)]
    links = [link(str(i // 3), str(i), required=False) for i in range(1, 60)]
    links += [link(str(i), str(i + 7)) for i in range(0, 50, 5) if (i + 7) // 3 != i]
    graph_ = load_graph(graph(nodes, links))

    places = find_places(graph_)
    boxes = sorted((y, x) for x, y in places.boxes.values())

    assert len(boxes) == 60
    for (y, x), (next_y, next_x) in pairwise(boxes):
        assert next_y >= y + BOX_HEIGHT or next_x >= x + BOX_WIDTH
    assert all(places.boxes[each.target][1] > places.boxes[each.source][1] for each in graph_.links)
    assert min(x for _, x in boxes) >= 0
    assert max(x for _, x in boxes) + BOX_WIDTH <= places.width


def test_the_svg_has_a_box_for_each_node_and_an_arrow_for_each_link():
    root = ET.fromstring(draw_svg(load_graph(looping())))
    nodes = [each for each in root.iter(f"{SVG}g") if each.get("class") == "node"]
    links = [each for each in root.iter(f"{SVG}g") if each.get("class", "").startswith("link")]
    titles = [each.find(f"{SVG}title").text for each in links]

    assert [each.get("data-node") for each in nodes] == ["a", "b", "c", "d", "e"]
    assert [text.text for text in nodes[0].iter(f"{SVG}text")] == ["a", "Choose"]
    assert [each.get("class").split()[1:] for each in links] == [[], [], ["loop"], ["error"], []]
    assert titles[0] == "a -> b\nvalue -> value"
    assert titles[2] == "c -> b\nvalue -> value\nif value = true"
    assert titles[3] == "b -> d\non error"
    assert [each.text for each in root.iter(f"{SVG}text") if each.get("class") == "condition"] == [
        "value = true",
        "value = false",
    ]


def test_the_text_of_a_svg_is_escaped():
    hostile = "</text><script>alert(1)</script>\"'&\x00\ud800"
    document = graph([node("n", Add, label=hostile)], label=hostile)

    drawn = draw_svg(load_graph(document))
    root = ET.fromstring(drawn.encode())

    assert not list(root.iter(f"{SVG}script"))
    assert any((each.text or "").startswith("</text><script>") for each in root.iter(f"{SVG}text"))


def test_a_svg_without_theme_has_no_style_of_its_own():
    drawn = load_graph(diamond())

    assert "prefers-color-scheme:dark" in draw_svg(drawn)
    assert "style" not in draw_svg(drawn, with_theme=False)


def test_in_a_drawing_to_be_used_nodes_lead_to_their_addresses():
    root = ET.fromstring(draw_svg(load_graph(looping()), addresses={"a": "/tasks/x/?y=1&z=<2>"}))
    (link_,) = root.iter(f"{SVG}a")

    assert link_.get("href") == "/tasks/x/?y=1&z=<2>"
    assert [text.text for text in link_.iter(f"{SVG}text")] == ["a", "Choose"]
    assert link_.find(f"{SVG}g").get("data-node") == "a"
    assert root.get("role") == "group"


def test_in_a_drawing_to_be_used_links_tell_what_they_hand_over():
    root = ET.fromstring(draw_svg(load_graph(looping()), addresses={}))
    links = [each for each in root.iter(f"{SVG}g") if each.get("class", "").startswith("link ")]
    notes = [each for each in root.iter(f"{SVG}g") if each.get("class") == "link-note"]

    assert {each.get("tabindex") for each in links} == {"0"}
    assert links[2].get("aria-label") == "c -> b; value -> value; if value = true"
    assert [text.text for text in notes[2].iter(f"{SVG}text")] == [
        "c → b",
        "value → value",
        "if value = true",
    ]
    assert {each.get("visibility") for each in notes} == {"hidden"}


def test_a_note_is_inside_its_drawing_and_says_how_much_it_leaves_out():
    mapping = {f"output_{i}": f"a_rather_long_name_of_an_input_{i}" for i in range(30)}
    root = ET.fromstring(
        draw_svg(load_graph(graph([node("a", Add), node("b", Add)], [link("a", "b", mapping)])), addresses={})
    )
    left, top, width, height = map(float, root.get("viewBox").split())
    (shown,) = (each for each in root.iter(f"{SVG}g") if each.get("class") == "link-note")
    x, y = map(float, shown.get("transform").removeprefix("translate(").rstrip(")").split())
    box = shown.find(f"{SVG}rect")

    assert left <= x
    assert top <= y
    assert x + float(box.get("width")) <= left + width
    assert y + float(box.get("height")) <= top + height
    assert [text.text for text in shown.iter(f"{SVG}text")][-1] == "and 23 more"


@pytest.mark.parametrize("draw", [draw_svg, draw_text])
def test_the_empty_graph_can_be_drawn(draw):
    assert "sample" in draw(load_graph(graph([])))


@pytest.mark.parametrize("draw", [draw_svg, draw_text])
def test_a_long_chain_with_a_link_from_each_node_to_the_last_can_be_drawn(draw):
    nodes = [node(f"n{i}", Choose) for i in range(2000)]
    links = [link(f"n{i}", f"n{i + 1}") for i in range(1999)] + [link(f"n{i}", "n1999") for i in range(1998)]

    drawn = draw(load_graph(graph(nodes, links)))

    assert drawn.count("n1999") >= 1999
    assert len(drawn) < 10_000_000


def test_a_workflow_is_shown_as_text(capsys, tmp_path):
    assert main(["show", save(tmp_path, diamond())]) == 0
    assert capsys.readouterr().out.startswith("sample: 4 nodes, 4 links\nlevel 1\n  top (Add)\n")


def test_a_workflow_is_drawn_into_a_file(capsys, tmp_path):
    path = tmp_path / "drawn.svg"

    assert main(["show", save(tmp_path, diamond()), "-o", str(path)]) == 0
    assert capsys.readouterr().out == ""
    assert ET.parse(path).getroot().tag == f"{SVG}svg"


def test_tasks_need_not_be_installed_for_a_drawing(capsys, tmp_path):
    missing = {"id": "far", "task_type": "class", "task_identifier": "not_here.Task"}

    assert main(["show", save(tmp_path, graph([missing]))]) == 0
    assert "far (Task)" in capsys.readouterr().out


def test_the_table_has_the_free_inputs_with_what_is_known_of_them(capsys, tmp_path):
    (tmp_path / "table_sample.py").write_text(
        "def shift(energy: float, width: int = 3):\n"
        '    """Shift.\n\n    Parameters\n    ----------\n'
        '    energy : float, in keV\n        Of the photons.\n    """\n'
    )
    document = graph([{"id": "shift", "task_type": "method", "task_identifier": "table_sample.shift"}])
    from cli_samples import reprise

    done = reprise(tmp_path, "show", save(tmp_path, document), "--format", "table", "-p", "width=5")
    rows = [line.split(maxsplit=6) for line in done.stdout.splitlines()]

    assert rows[0] == ["node", "input", "type", "required", "value", "unit", "description"]
    assert rows[2] == ["shift", "energy", "float", "yes", "keV", "Of", "the photons."]
    assert rows[3] == ["shift", "width", "integer", "5"]


def test_the_option_o_is_also_the_load_option_of_ewoks(capsys, tmp_path):
    save(tmp_path, diamond())

    assert main(["show", "pipeline", "-o", f"root_dir={tmp_path}"]) == 0
    assert "4 nodes" in capsys.readouterr().out
    assert main(["show", "pipeline", "-o", "rootdir=x"]) == 2
    assert "did you mean 'root_dir'?" in capsys.readouterr().err
