"""Who is here: members and their roles, signed-in browsers, and the ways to prove an identity."""
