# SPDX-License-Identifier: MIT
# Objects of stream/: what reads a guest's state out of it.
STREAM_OBJS := p2m.o core.o
