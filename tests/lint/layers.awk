# SPDX-License-Identifier: MIT
# Floors: first file is layers.txt, the others are sources of one half (-v half=NAME).

function folder(path) { sub(/\/[^\/]*$/, "", path); return path }

FNR == NR {
	if ($1 ~ /^[0-9]+$/) {
		floor[$2] = $1
		ceiling[$2] = $3
	} else if ($1 == "never")
		never[$2, $3] = 1
	else if ($1 == "open")
		open_to_all[$2] = 1
	next
}

function file_done() {
	print bad ? "" : "PASS"
	if (own in ceiling && lines > ceiling[own])
		print "WARN " file ": " lines " lines, files of " own " stay within " ceiling[own]
}

FNR == 1 {
	if (file != "")
		file_done()
	file = FILENAME
	bad = 0
	here = substr(FILENAME, length(half) + 2)
	own = folder(here)
	if (!(own in floor)) {
		print "FAIL " FILENAME ": folder " own " has no floor in " half "/layers.txt"
		bad = 1
	}
}

{ lines = FNR }

/^[ \t]*#[ \t]*include[ \t]*"/ {
	split($0, part, "\"")
	there = folder(part[2])
	if (part[2] !~ /\// || there == own || part[2] in open_to_all || !(own in floor))
		next
	if (!(there in floor)) {
		print "FAIL " FILENAME ":" FNR ": includes \"" part[2] "\", a folder without a floor"
		bad = 1
	} else if (floor[there] + 0 > floor[own] + 0) {
		print "FAIL " FILENAME ":" FNR ": floor " floor[own] " includes \"" part[2] "\" of floor " floor[there]
		bad = 1
	} else if ((own, there) in never) {
		print "FAIL " FILENAME ":" FNR ": " own " must not know " there
		bad = 1
	}
}

END { file_done() }
