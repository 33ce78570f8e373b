"""The Layer Lab's parts: one file per bench, the frame they all stand in, the diagram, the sabotage, the lessons."""
