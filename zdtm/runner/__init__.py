"""The zdtm runner: header (what a case asks for), needs (can it run here), sandbox (its pid namespace), engine (dump and
restore commands), state and compare (what is observed of a tree), beats (the story of one case), pool (several at once), report."""
