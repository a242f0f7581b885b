# SPDX-License-Identifier: MIT
# Turns the output of `nm -n` into an assembly file with the functions of the image: their offsets from its
# start and their names. The image is linked at a multiple of 4 GiB, so the low eight digits of an address
# are the offset. An empty input gives an empty table. Only names of code go in, so a second pass over its
# own result changes nothing.
BEGIN {
	print "\t.section .symtab_image, \"a\"\n\t.balign 4"
	print "\t.global symtab_count, symtab_offsets, symtab_names"
	print "\t.hidden symtab_count, symtab_offsets, symtab_names"
	n = 0
	last = ""
}

$3 ~ /^\.L/ || $3 ~ /^(image_start|head_start|init_text|text_end)$/ {
	next
}

($2 == "t" || $2 == "T") && $1 != last {
	last = $1
	offset[n] = "0x" substr($1, 9)
	name[n++] = $3
}

END {
	print "symtab_count:\n\t.long " n
	print "symtab_offsets:"
	for (i = 0; i < n; i++)
		print "\t.long " offset[i]
	print "symtab_names:"
	for (i = 0; i < n; i++)
		print "\t.asciz \"" name[i] "\""
	print "\t.byte 0\n\t.section .note.GNU-stack, \"\", @progbits"
}
