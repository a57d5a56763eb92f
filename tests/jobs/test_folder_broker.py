"""The broker that is a folder: what one process writes another reads whole, or not at all."""

import threading
from queue import Empty

import pytest
from kombu import Connection


@pytest.fixture
def connect(tmp_path):
    """A function that opens a connection to a broker in the test's folder, as a process of its own would."""
    names = ("messages", "processed")
    folders = {name: tmp_path / name for name in names}
    for folder in folders.values():
        folder.mkdir()
    options = {
        "data_folder_in": str(folders["messages"]),
        "data_folder_out": str(folders["messages"]),
        "processed_folder": str(folders["processed"]),
        "store_processed": True,
    }
    opened = []

    def connect():
        connection = Connection(
            "filesystem://", transport="portal.jobs.folder_broker:Transport", transport_options=options
        )
        opened.append(connection)
        return connection

    connect.messages = folders["messages"]
    yield connect
    for connection in opened:
        connection.release()


def test_messages_are_read_whole_while_others_are_written(connect):
    count = 400
    writers = [connect().SimpleQueue("reprise") for _ in range(2)]
    reader = connect().SimpleQueue("reprise")

    def write(queue):
        for number in range(count):
            queue.put({"job": number})

    threads = [threading.Thread(target=write, args=[queue]) for queue in writers]
    for thread in threads:
        thread.start()
    read = [reader.get(timeout=20).payload["job"] for _ in range(2 * count)]
    for thread in threads:
        thread.join()

    assert sorted(read) == sorted([*range(count), *range(count)])


def test_messages_are_read_in_the_order_they_were_written(connect):
    queue = connect().SimpleQueue("reprise")
    for number in range(20):
        queue.put(number)

    assert [connect().SimpleQueue("reprise").get(timeout=5).payload for _ in range(20)] == list(range(20))


def test_a_queue_has_its_own_messages_only(connect):
    connect().SimpleQueue("slow").put("for the slow one")

    with pytest.raises(Empty):
        connect().SimpleQueue("reprise").get_nowait()


def test_a_message_cut_off_by_a_power_cut_is_left_out(connect):
    (connect.messages / "00000000000000000001_cut.reprise.msg").touch()
    queue = connect().SimpleQueue("reprise")
    queue.put("whole")

    assert queue.get(timeout=5).payload == "whole"
