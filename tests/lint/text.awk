# SPDX-License-Identifier: MIT
# Licence lines, blanks at line ends, width of lines.

function file_done() {
	if (file == "")
		return
	print licence ? "PASS" : "FAIL " file ": no SPDX-License-Identifier on its first lines"
	print blanks ? "FAIL " file ":" blanks ": blanks at the end of the line" : "PASS"
	print wide ? "FAIL " file ":" wide ": wider than 120 columns" : "PASS"
}

FNR == 1 { file_done(); file = FILENAME; licence = blanks = wide = 0 }
FNR <= 3 && /SPDX-License-Identifier: MIT/ { licence = 1 }
/[ \t]$/ && !blanks { blanks = FNR }
length($0) > 50 && !wide {
	width = 0
	n = split($0, piece, "\t")
	for (i = 1; i <= n; i++) {
		width += length(piece[i])
		if (i < n)
			width += 8 - width % 8
	}
	if (width > 120)
		wide = FNR
}
END { file_done() }
