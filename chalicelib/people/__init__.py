"""The people of the floor: who they are, where they belong, who left."""
