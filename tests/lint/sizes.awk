# SPDX-License-Identifier: MIT
# Lengths of files and functions. A function begins at a line that starts in the first column and is followed by a
# line "{", and ends at a line "}"; so the house writes them.

function file_done() {
	if (file == "")
		return
	split(file, part, "/")
	if (part[1] != "tests")
		print "LINES", part[1], lines
	if (lines > 1000)
		print "FAIL " file ": " lines " lines, a file has at most 1000"
	else
		print "PASS"
	if (lines > 600 && lines <= 1000)
		print "WARN " file ": " lines " lines"
}

FNR == 1 { file_done(); file = FILENAME; start = 0; comment = 0 }
{ lines = FNR }
/^{/ && last ~ /\)[ \t]*(__[a-z_]+(\([^)]*\))?)*[ \t]*$/ { start = FNR; name = head; next }
/^}/ && start {
	length_ = FNR - start - 1
	print "FUNCTION", length_
	sub(/\(.*/, "", name); sub(/.*[ *]/, "", name)
	if (length_ > 100)
		print "FAIL " FILENAME ":" start ": function " name " has " length_ " lines, at most 100"
	else if (length_ > 60)
		print "WARN " FILENAME ":" start ": function " name " has " length_ " lines"
	start = 0
}
/^[A-Za-z_].*\(/ { head = $0 }
{ last = $0 }
END { file_done() }
