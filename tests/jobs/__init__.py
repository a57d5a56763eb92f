"""Jobs by real processes: workers that are killed, children that crash, databases that go away."""
