package service

import (
	"errors"
	"fmt"
)

// Bounds of an answer expression: what no service needs and no router should
// have to work through.
const (
	ereLongest = 1000
	ereBiggest = 4096 // instructions, repetitions spelt out
)

// ere is a POSIX extended regular expression as grep -i -E reads it, with
// GNU's \w \W \s \S \b \B \< \>. It works on bytes and folds ASCII letters.
// Matching takes time linear in the line. (Package regexp costs 256 KiB more.)
type ere struct{ prog []ereInst }

type ereOp byte

const (
	ereMatch ereOp = iota
	ereByte        // one byte of set
	ereSplit       // go on at x and at y
	ereLook        // go on if the place is as kind says: ^ $ b B < >
)

type ereInst struct {
	op   ereOp
	kind byte
	x, y int
	set  *byteSet
}

// compileERE reads an expression; its faults say what is wrong with it.
func compileERE(expr string) (ere, error) {
	if len(expr) > ereLongest {
		return ere{}, fmt.Errorf("an expression of more than %d characters", ereLongest)
	}
	p := &ereParser{rest: expr}
	n, err := p.alternatives()
	if err == nil && p.rest != "" {
		err = errors.New("a ) without its (")
	}
	var e ere
	if err == nil {
		steps := 0
		err = e.emit(n, &steps)
	}
	if err != nil {
		return ere{}, err
	}
	e.prog = append(e.prog, ereInst{op: ereMatch})
	return e, nil
}

// emit appends the program of n. steps bounds the work, too: what is empty can
// be repeated without an instruction.
func (e *ere) emit(n ereNode, steps *int) (err error) {
	if *steps++; *steps > ereBiggest || len(e.prog) > ereBiggest {
		return errors.New("an expression that repeats too much")
	}
	here := len(e.prog)
	switch {
	case n.set != nil:
		e.prog = append(e.prog, ereInst{op: ereByte, set: n.set})
	case n.look != 0:
		e.prog = append(e.prog, ereInst{op: ereLook, kind: n.look})
	case n.repeat != nil:
		return e.emitRepeat(n, steps)
	case n.or != nil: // split LEFT RIGHT; LEFT; jump END; RIGHT
		e.prog = append(e.prog, ereInst{op: ereSplit, x: here + 1})
		err = e.emit(n.or[0], steps)
		jump := len(e.prog)
		e.prog = append(e.prog, ereInst{op: ereSplit})
		e.prog[here].y = len(e.prog)
		if err == nil {
			err = e.emit(n.or[1], steps)
		}
		e.prog[jump].x, e.prog[jump].y = len(e.prog), len(e.prog)
	}
	for _, sub := range n.and {
		if err == nil {
			err = e.emit(sub, steps)
		}
	}
	return err
}

// emitRepeat spells a repetition out: min copies, then up to max optional
// ones, or a loop.
func (e *ere) emitRepeat(n ereNode, steps *int) error {
	for i := 0; i < n.min; i++ {
		if err := e.emit(*n.repeat, steps); err != nil {
			return err
		}
	}
	for i := n.min; i < n.max || n.max < 0; i++ {
		here := len(e.prog)
		e.prog = append(e.prog, ereInst{op: ereSplit, x: here + 1})
		if err := e.emit(*n.repeat, steps); err != nil {
			return err
		}
		if n.max < 0 {
			e.prog = append(e.prog, ereInst{op: ereSplit, x: here, y: here})
			e.prog[here].y = len(e.prog)
			return nil
		}
		e.prog[here].y = len(e.prog)
	}
	return nil
}

// match searches the line, as grep does: any part of it may match.
func (e ere) match(line []byte) bool {
	now := make([]int, 0, len(e.prog))
	next := make([]int, 0, len(e.prog))
	seen := make([]int, len(e.prog)) // the place, counted from 1, at which an instruction was last reached
	for at := 0; at <= len(line); at++ {
		now = e.reach(now, seen, 0, line, at)
		next = next[:0]
		for _, pc := range now {
			switch in := e.prog[pc]; {
			case in.op == ereMatch:
				return true
			case at < len(line) && in.set.has(line[at]):
				next = e.reach(next, seen, pc+1, line, at+1)
			}
		}
		now, next = next, now
	}
	return false
}

// reach adds the instructions that wait at pc, found without reading a byte.
func (e ere) reach(list, seen []int, pc int, line []byte, at int) []int {
	if seen[pc] == at+1 {
		return list
	}
	seen[pc] = at + 1
	switch in := e.prog[pc]; in.op {
	case ereSplit:
		list = e.reach(list, seen, in.x, line, at)
		return e.reach(list, seen, in.y, line, at)
	case ereLook:
		if !looksLike(in.kind, line, at) {
			return list
		}
		return e.reach(list, seen, pc+1, line, at)
	}
	return append(list, pc)
}

// looksLike tells whether a place of a line is its start or end, or where a
// word starts or ends.
func looksLike(kind byte, line []byte, at int) bool {
	before := at > 0 && wordByte(line[at-1])
	after := at < len(line) && wordByte(line[at])
	switch kind {
	case '^':
		return at == 0
	case '$':
		return at == len(line)
	case '<':
		return !before && after
	case '>':
		return before && !after
	case 'B':
		return before == after
	}
	return before != after
}

func wordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}
