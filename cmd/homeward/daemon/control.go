package daemon

import "time"

// control decides when the watcher starts a worker, which orders it sends, and
// when the worker may end. It is pure: it reads no clock and starts nothing.
// Times are since boot.
type control struct {
	phase      phase
	gen        uint32        // number of the present or last worker
	pending    tasks         // not sent to a worker yet
	sentTasks  tasks         // sent to the present worker, and not saved; sent again to the next one if it dies
	seq        uint32        // of the last order to the present worker
	early      bool          // start a worker though no task is pending
	current    int8          // slot that the next worker reads, -1: none
	locked     bool          // run_dir is locked: orders may be sent
	until      time.Duration // start a worker then
	lastReport time.Duration // when the present worker was started, or last reported
	probed     bool          // an order was sent since: it must report
	asked      time.Duration // when that order was sent
	full       bool          // its socket is full: send no order before its next report
	killed     bool
	crashes    int           // workers in a row that crashed
	pause      time.Duration // start none before
	ending     bool
	endBy      time.Duration // kill the worker then
	refused    uint8         // exit code where the first configuration has a fault
}

type phase uint8

const (
	phaseNone    phase = iota // no worker
	phaseWorking              // there is one
	phaseLeaving              // its offer was accepted: it ends now
)

const never = time.Duration(1<<63 - 1)

const (
	// A worker that has not reported for probeAfter is sent an order without
	// tasks, and killed after hungAfter. It waits for the state's lock for 30 s
	// at the most, and for nothing longer. Where the order was sent late, as
	// after the machine has slept, the time to answer is the same.
	probeAfter = 10 * time.Second
	hungAfter  = 45 * time.Second

	// leaveWithin is how long a worker may take to end after its offer was
	// accepted.
	leaveWithin = 10 * time.Second

	// parting is how long exchanges may go on after SIGTERM, which ends the
	// daemon within 2 s. An answer that is not read costs a request at the next
	// start.
	parting = 1500 * time.Millisecond
)

// crashPauses are the pauses between a crash of a worker and the start of the
// next one. The first crash may be chance; where the system is out of memory, or
// the program has a bug, frequent starts do not help.
var crashPauses = [...]time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute}

// crashesFresh is how many workers in a row may crash before the next one is
// given the configuration alone: the rest of the slot may be the cause.
const crashesFresh = 3

func newControl() control { return control{current: -1, until: never, early: true} }

// request adds tasks for a worker.
func (c *control) request(t tasks) { c.pending |= t }

// end begins the end of the daemon.
func (c *control) end(now time.Duration) {
	if !c.ending {
		c.ending, c.endBy = true, now+parting
		c.request(taskStop)
	}
}

// command is the watcher's next action.
type command struct {
	do    action
	order order // doStart, doSend
}

type action uint8

const (
	doNothing action = iota
	doStart          // start a worker with this first order
	doSend           // send this order
	doKill           // kill the worker
	doEnd            // end the daemon
)

// next returns what to do now. The watcher does it, calls started, sent or ended,
// and asks again.
func (c *control) next(now time.Duration) command {
	switch c.phase {
	case phaseNone:
		if c.ending {
			return command{do: doEnd}
		}
		if (c.pending != 0 || c.early || now >= c.until) && now >= c.pause {
			return command{doStart, order{gen: c.gen + 1, kind: orderBegin, slot: c.current, fresh: c.crashes >= crashesFresh}}
		}
	default:
		switch {
		case c.killed:
		case now >= c.killAt() && (c.probed || !c.mayProbe()):
			return command{do: doKill}
		case c.full || c.phase == phaseLeaving:
		case c.pending != 0 && (c.locked || c.ending), !c.probed && c.mayProbe() && now >= c.lastReport+probeAfter:
			return command{doSend, order{gen: c.gen, seq: c.seq + 1, kind: orderTasks, tasks: c.pending}}
		}
	}
	return command{}
}

// mayProbe reports whether the present worker would report after an order.
func (c *control) mayProbe() bool {
	return c.phase == phaseWorking && c.locked && !c.full && !c.ending
}

// killAt returns when to kill the present worker.
func (c *control) killAt() time.Duration {
	at := c.lastReport + hungAfter
	if c.probed {
		at = max(at, c.asked+hungAfter-probeAfter)
	}
	if c.phase == phaseLeaving {
		at = c.lastReport + leaveWithin
	}
	if c.ending {
		at = min(at, c.endBy)
	}
	return at
}

// wake returns when to call next again, if no event comes before.
func (c *control) wake() time.Duration {
	switch {
	case c.killed:
		return never
	case c.phase == phaseNone && (c.pending != 0 || c.early):
		return c.pause
	case c.phase == phaseNone:
		return max(c.until, c.pause)
	case !c.probed && c.mayProbe():
		return min(c.killAt(), c.lastReport+probeAfter)
	}
	return c.killAt()
}

// started notes that a worker was started.
func (c *control) started(now time.Duration) {
	if now >= c.until {
		c.request(taskDue)
	}
	c.phase, c.gen, c.seq, c.sentTasks, c.until, c.early = phaseWorking, c.gen+1, 0, 0, never, false
	c.lastReport, c.probed, c.full, c.killed = now, false, false, false
}

// sent notes that an order was sent.
func (c *control) sent(now time.Duration, o order) {
	if !c.probed {
		c.asked = now
	}
	c.seq, c.sentTasks, c.pending, c.probed = o.seq, c.sentTasks|o.tasks, 0, true
}

// report handles a report of the worker. leave tells that its offer is accepted:
// the watcher sends orderLeave.
func (c *control) report(now time.Duration, r report) (leave bool) {
	if c.phase == phaseNone || r.gen != c.gen || c.phase == phaseLeaving {
		return false // a late report of an earlier worker
	}
	c.lastReport, c.probed, c.full = now, false, false
	switch r.kind {
	case reportSaved:
		c.current = r.slot
		c.sentTasks &^= r.tasks
	case reportOffer:
		c.current = r.slot // accepted or not, the other one is written next
		if r.seq == c.seq && c.pending == 0 && !c.ending && c.locked {
			c.phase, c.sentTasks, c.crashes = phaseLeaving, 0, 0
			return true
		}
	case reportRefused:
		if c.current < 0 {
			c.refused = r.code
		}
	}
	return false
}

// ended notes that the worker has ended, or could not be started. well tells
// whether its offer had been accepted; else its tasks go to the next one.
func (c *control) ended(now time.Duration) (well bool) {
	well = c.phase == phaseLeaving || c.ending || c.refused != 0
	c.phase, c.killed = phaseNone, false
	c.pending, c.sentTasks = c.pending|c.sentTasks, 0
	if c.refused != 0 {
		c.ending = true
	}
	if !well {
		c.pause = now + crashPauses[min(c.crashes, len(crashPauses)-1)]
		c.crashes++
		c.early = true // its retries are due in no other process
	}
	return well
}
