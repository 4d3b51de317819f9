package daemon

import "time"

// control decides for the watcher when a worker is started, what it is told,
// and when it may end. It is pure: it reads no clock and starts nothing. Times
// are since boot.
type control struct {
	phase      phase
	gen        uint32        // of the present or last worker
	pending    tasks         // no worker was told of yet
	sentTasks  tasks         // the present worker was told of; the next one is told again if it dies
	seq        uint32        // of the last order to the present worker
	early      bool          // a worker is wanted though there is nothing to tell it yet
	current    int8          // slot with what the next worker is given, -1: none
	locked     bool          // run_dir is ours: workers may be told
	until      time.Duration // a worker is to be started then
	lastReport time.Duration // when the present worker last gave a sign of life
	probed     bool          // it was asked for one since
	asked      time.Duration // when
	full       bool          // it takes no more orders before it has given one
	killed     bool
	crashes    int           // workers in a row that did not end well
	pause      time.Duration // none is started before
	ending     bool
	endBy      time.Duration // the worker is killed then
	refused    uint8         // exit code: the first configuration cannot be used
}

type phase uint8

const (
	phaseNone    phase = iota // no worker
	phaseWorking              // there is one
	phaseLeaving              // its offer was accepted: it is about to end
)

const never = time.Duration(1<<63 - 1)

const (
	// probeAfter is how long a worker may be silent before it is asked for a
	// sign of life, and hungAfter when it is killed: it waits for another
	// process's lock of the state for 30 s at the most, and for nothing longer.
	// Where the watcher asks late, as after the machine has slept, the worker
	// has as long to answer.
	probeAfter = 10 * time.Second
	hungAfter  = 45 * time.Second

	// leaveWithin is how long a worker may take to end whose offer was
	// accepted.
	leaveWithin = 10 * time.Second

	// parting is how long the exchanges under way may go on at the end: an
	// answer that is not read costs a request at the next start. SIGTERM is
	// promised to end the daemon within 2 s.
	parting = 1500 * time.Millisecond
)

// crashPauses are between the end of a worker that did not end well and the
// start of the next one. One may be killed by chance; where the system has no
// memory left, or the program a fault, to start it often makes nothing better.
var crashPauses = [...]time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute}

// crashesFresh is how many workers in a row may not end well before the next
// one is given the configuration alone: what the last one left may be what ends
// them.
const crashesFresh = 3

func newControl() control { return control{current: -1, until: never, early: true} }

// request takes note of what a worker has to do.
func (c *control) request(t tasks) { c.pending |= t }

// end has everything end.
func (c *control) end(now time.Duration) {
	if !c.ending {
		c.ending, c.endBy = true, now+parting
		c.request(taskStop)
	}
}

// command is what the watcher has to do next.
type command struct {
	do    action
	order order // start, tell
}

type action uint8

const (
	doNothing action = iota
	doStart          // a worker, with this first order
	doSend           // it this
	doKill           // it
	doEnd            // the daemon
)

// next returns what to do now. The watcher does it, says what came of it
// (started, sent, or ended), and asks again.
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

// mayProbe tells whether the present worker would answer an order.
func (c *control) mayProbe() bool {
	return c.phase == phaseWorking && c.locked && !c.full && !c.ending
}

// killAt is when the present worker is killed.
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

// wake tells when next has to be asked again, if nothing else comes.
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

// started: there is a worker now.
func (c *control) started(now time.Duration) {
	if now >= c.until {
		c.request(taskDue)
	}
	c.phase, c.gen, c.seq, c.sentTasks, c.until, c.early = phaseWorking, c.gen+1, 0, 0, never, false
	c.lastReport, c.probed, c.full, c.killed = now, false, false, false
}

// sent an order: the worker will read it.
func (c *control) sent(now time.Duration, o order) {
	if !c.probed {
		c.asked = now
	}
	c.seq, c.sentTasks, c.pending, c.probed = o.seq, c.sentTasks|o.tasks, 0, true
}

// report takes a report of the worker. leave: its offer is accepted, and it is
// to be told so.
func (c *control) report(now time.Duration, r report) (leave bool) {
	if c.phase == phaseNone || r.gen != c.gen || c.phase == phaseLeaving {
		return false // a late report of a worker that is gone
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

// ended: the worker is gone, or none could be started. well tells whether its
// offer had been accepted; else what it was told of is told to the next one.
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
		c.early = true // its retries and what was due are nobody's now
	}
	return well
}
