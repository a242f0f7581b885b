# SPDX-License-Identifier: MIT
# Objects of base/: used by xl and by xend.
BASE_OBJS := error.o log.o strbuf.o nearest.o mdoc.o utf8.o file.o proc.o confine.o glibc.o
