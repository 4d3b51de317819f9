package daemon

import (
	"encoding/binary"
	"errors"
)

// Messages between the watcher and its worker have one size; each is one packet
// of a socket. Both ends are the same binary, so there is no
// version. gen tells one worker's messages from another's.

// tasks are what a worker is asked for.
type tasks uint8

const (
	taskObserve tasks = 1 << iota // the kernel sent a message: read its tables
	taskReload                    // read the configuration again
	taskResend                    // send everything anew
	taskClock                     // the wall clock was set
	taskState                     // the state on disk was replaced
	taskDue                       // the time that the last worker named has come
	taskStop                      // start nothing, and end
)

// order is a message to the worker.
type order struct {
	gen   uint32
	seq   uint32 // counts the messages to one worker, from 0
	kind  orderKind
	tasks tasks
	slot  int8 // begin: the slot of the last worker, -1: none
	fresh bool // begin: read only the configuration from that slot
}

type orderKind uint8

const (
	orderBegin orderKind = iota + 1 // the first message to each worker
	orderTasks
	orderLeave // the offer is accepted: end
)

// report is a message from the worker.
type report struct {
	gen   uint32
	seq   uint32 // the last order that was carried out
	kind  reportKind
	tasks tasks // saved: tasks that are done, whatever becomes of the worker
	slot  int8  // saved, offer: the slot that was written
	code  uint8 // refused: the exit code
}

type reportKind uint8

const (
	reportAlive   reportKind = iota + 1 // an order was carried out
	reportSaved                         // a slot was written
	reportOffer                         // a slot was written, and the worker asks to end
	reportRefused                       // the first configuration has a fault
)

const messageSize = 12

type message [messageSize]byte

var errMessage = errors.New("not a message")

func (o order) encode() (m message) {
	binary.LittleEndian.PutUint32(m[0:], o.gen)
	binary.LittleEndian.PutUint32(m[4:], o.seq)
	m[8], m[9], m[10] = byte(o.kind), byte(o.tasks), byte(o.slot)
	if o.fresh {
		m[11] = 1
	}
	return m
}

func parseOrder(b []byte) (order, error) {
	if len(b) != messageSize || orderKind(b[8]) < orderBegin || orderKind(b[8]) > orderLeave {
		return order{}, errMessage
	}
	return order{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), orderKind(b[8]), tasks(b[9]), int8(b[10]), b[11] == 1}, nil
}

func (r report) encode() (m message) {
	binary.LittleEndian.PutUint32(m[0:], r.gen)
	binary.LittleEndian.PutUint32(m[4:], r.seq)
	m[8], m[9], m[10], m[11] = byte(r.kind), byte(r.tasks), byte(r.slot), r.code
	return m
}

func parseReport(b []byte) (report, error) {
	if len(b) != messageSize || reportKind(b[8]) < reportAlive || reportKind(b[8]) > reportRefused {
		return report{}, errMessage
	}
	return report{binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:]), reportKind(b[8]), tasks(b[9]), int8(b[10]), b[11]}, nil
}
