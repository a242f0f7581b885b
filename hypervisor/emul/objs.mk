# SPDX-License-Identifier: MIT
objs-y += emul/decode.o
objs-y += emul/opcodes.o
objs-y += emul/exec.o
