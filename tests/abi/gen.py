#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads our ABI headers and writes a C program that prints every size, offset and number they define.

The program is compiled twice, over our headers and over the published ones; both must print the same. The
headers are read with a small parser that knows just the plain C they are written in; what it does not know
stops it, so that nothing is left out silently.

usage: gen.py HEADER_ROOT > probe.c
"""
import re
import sys
from pathlib import Path

# Names that are ours alone: helpers of these headers that the interface does not publish.
OURS_ONLY = re.compile(
    r'^(ABI_\w+_H|MEMOP_\w+|RING_FLOOR_\w+|RING_SLOTS|DEFINE_RING_TYPES|TI_GET_\w+|FLAT_RING1_\w+|FLAT_RING3_[CDS]S)$')
# Members that the published headers show to the hypervisor alone, or under another name.
OURS_ONLY_FIELDS = {('struct vcpu_guest_context', 'event_callback_cs'),
                    ('struct vcpu_guest_context', 'failsafe_callback_cs')}


def strip(text):
    text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
    return re.sub(r'\\\n', ' ', text)


class Reader:
    """Tokens of one header, and the probes that its declarations ask for."""

    def __init__(self, text, out):
        lines = strip(text).split('\n')
        for line in lines:
            self.macro(line, out)
        body = '\n'.join(l for l in lines if not l.lstrip().startswith('#'))
        body = re.sub(r'_Static_assert\s*\((?:[^()"]|"[^"]*"|\((?:[^()]|\([^()]*\))*\))*\)\s*;', '', body)
        self.tok = re.findall(r'\w+|[{}\[\]();,:*=<+/-]', body)
        self.pos = 0
        self.out = out

    @staticmethod
    def macro(line, out):
        m = re.match(r'\s*#define\s+(\w+)(\(([^)]*)\))?(\s+\S.*)?$', line)
        if not m or not m.group(4) or OURS_ONLY.match(m.group(1)):
            return
        name = m.group(1)
        if not m.group(2):
            out.append(f'NUM({name})')
            return
        count = len(m.group(3).split(','))
        for args in ((0, 0, 0, 0), (1, 2, 3, 4), (0x12345, 0x67, 0x15, 0x5)):
            out.append(f'NUM({name}({", ".join(str(a) for a in args[:count])}))')

    def peek(self, ahead=0):
        return self.tok[self.pos + ahead] if self.pos + ahead < len(self.tok) else ''

    def take(self, want=None):
        t = self.peek()
        if not t or (want and t != want):
            sys.exit(f'gen.py: expected {want!r}, found {t!r} near {" ".join(self.tok[self.pos - 8:self.pos + 4])}')
        self.pos += 1
        return t

    def declarations(self):
        while self.peek():
            t = self.take()
            if t == 'typedef':
                self.typedef()
            elif t in ('struct', 'union'):
                tag = self.take()
                self.record(f'{t} {tag}')
                self.take(';')
            elif t == 'enum':
                if self.peek() != '{':
                    self.take()
                self.enum()
                self.take(';')
            elif t == 'DEFINE_RING_TYPES':
                self.ring()
            else:
                sys.exit(f'gen.py: unknown declaration at {t!r}')

    def typedef(self):
        t = self.peek()
        if t in ('struct', 'union', 'enum') and '{' in (self.peek(1), self.peek(2)):
            self.take()
            tag = '' if self.peek() == '{' else self.take()
            if t == 'enum':
                self.enum()
                self.take()
            else:
                end = self.matching(self.pos)
                self.record(f'{t} {tag}' if tag else self.tok[end + 1])
                self.take()
            self.take(';')
            return
        while self.peek(1) not in (';', '['):
            self.take()
        self.out.append(f'SIZE({self.take()})')
        while self.take() != ';':
            pass

    def matching(self, at):
        depth = 0
        while True:
            depth += {'{': 1, '}': -1}.get(self.tok[at], 0)
            if depth == 0:
                return at
            at += 1

    def enum(self):
        self.take('{')
        while self.peek() != '}':
            self.out.append(f'NUM({self.take()})')
            while self.peek() not in (',', '}'):
                self.take()
            if self.peek() == ',':
                self.take()
        self.take('}')

    def ring(self):
        self.take('(')
        name = self.take()
        while self.take() != ';':
            pass
        for f in ('req_prod', 'req_event', 'rsp_prod', 'rsp_event', 'pvt', '__pad', 'ring', 'ring[0].req',
                  'ring[0].rsp'):
            self.out.append(f'FIELD(struct {name}_sring, {f})')
        self.out.append(f'SIZE(union {name}_sring_entry)')

    def record(self, name):
        self.out.append(f'SIZE({name})')
        self.members(name, '')

    def members(self, name, prefix):
        """Member list of `name`, whose members are reached by `prefix`."""
        self.take('{')
        while self.peek() != '}':
            inner = None
            if self.peek() in ('struct', 'union'):
                kind = self.take()
                tag = '' if self.peek() == '{' else self.take()
                if self.peek() == '{':
                    inner = self.pos
                    self.pos = self.matching(self.pos) + 1
                    if tag:
                        self.out.append(f'SIZE({kind} {tag})')
            else:
                while re.match(r'\w', self.peek(1)):   # a type of more than one word
                    self.take()
            self.declarators(name, prefix, inner)
        self.take('}')

    def declarators(self, name, prefix, inner):
        if self.peek() == ';':                  # anonymous: its members are reached as ours
            self.inside(name, prefix, inner)
            self.take(';')
            return
        while True:
            field = self.take()
            array = flexible = bits = False
            while self.peek() == '[':
                array, flexible = True, self.peek(1) == ']'
                while self.take() != ']':
                    pass
            if self.peek() == ':':
                bits = True
                self.take()
                self.take()
            if (name, prefix + field) not in OURS_ONLY_FIELDS:
                kind = 'BITS' if bits else 'FLEXIBLE' if flexible else 'FIELD'
                self.out.append(f'{kind}({name}, {prefix}{field})')
            if inner is not None:
                self.inside(name, prefix + field + ('[0].' if array else '.'), inner)
            if self.take() == ';':
                return

    def inside(self, name, prefix, inner):
        back, self.pos = self.pos, inner
        self.members(name, prefix)
        self.pos = back


def main():
    root = Path(sys.argv[1])
    headers = sorted(root.rglob('*.h'))
    calls = []
    print('/* Made by gen.py; do not edit. */\n#ifdef PROBE_PUBLISHED\n#include "published.h"\n#else')
    print('\n'.join(f'#include "abi/{path.relative_to(root)}"' for path in headers))
    print('#endif\n#include "probe.h"\n')
    for path in headers:
        out = []
        Reader(path.read_text(), out).declarations()
        fn = 'probe_' + re.sub(r'\W', '_', str(path.relative_to(root)))
        calls.append(fn)
        print(f'static void {fn}(void)\n{{')
        print('\n'.join(f'\t{line};' for line in dict.fromkeys(out)))
        print('}\n')
    print('int main(void)\n{')
    print('\n'.join(f'\t{c}();' for c in calls))
    print('\treturn 0;\n}')


main()
