"""ToolboxAI: its users, who are the people of the demo, with their workspaces and projects."""
