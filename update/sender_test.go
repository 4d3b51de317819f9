package update

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"homeward/update/updatetest"
)

func TestSenderExchange(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	s.Next(updatetest.Answer{Status: 429, Body: "Updateintervall overcommited", Header: map[string][]string{"Retry-After": {"7"}}})
	var locals []netip.Addr
	o := new(Sender).Exchange(t.Context(), updateRequest(srv.URL, ca), func(a netip.Addr) bool {
		locals = append(locals, a)
		return len(s.Requests()) == 0
	})
	if o.Fault != nil {
		t.Fatalf("fault %+v", *o.Fault)
	}
	if a := o.Answer; a.Status != 429 || string(a.Body) != "Updateintervall overcommited" || a.RetryAfter != "7" || a.Date == "" {
		t.Errorf("answer %+v", a)
	}
	if len(locals) != 1 || locals[0] != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("ready was told %v", locals)
	}
	want := fmt.Sprintf("homeward/1.2.3 (%s/%s)", runtime.GOOS, runtime.GOARCH)
	if r := s.Requests(); len(r) != 1 || r[0].Key != "hunter2" || r[0].Header.Get("User-Agent") != want {
		t.Errorf("the service saw %+v", r)
	}
}

func TestSenderPassesFaultsOn(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	s.Next(updatetest.Answer{Fault: updatetest.Reset})
	for _, tt := range []faultCase{
		{"after sending", updateRequest(srv.URL, ca), FaultSent, "could not confirm"},
		{"in the handshake", updateRequest(srv.URL, ""), FaultTLS, "authority unknown here"},
		{"before", updateRequest("http://192.0.2.1", ""), FaultConnect, "use https://"},
	} {
		checkFault(t, tt, new(Sender).Exchange(t.Context(), tt.req, nil))
	}
}

func TestSenderReadyThatSaysNoSendsNothing(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	o := new(Sender).Exchange(t.Context(), updateRequest(srv.URL, ca), func(netip.Addr) bool { return false })
	if o.Fault == nil || o.Fault.Kind != FaultGiven || o.Fault.Sent || len(s.Requests()) != 0 {
		t.Errorf("fault %+v, requests %v", o.Fault, s.Requests())
	}
}

func TestSenderGivenUp(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	s.Next(updatetest.Answer{Delay: time.Minute})
	ctx, cancel := context.WithCancel(t.Context())
	o := new(Sender).Exchange(ctx, updateRequest(srv.URL, ca), func(netip.Addr) bool {
		cancel()
		time.Sleep(10 * time.Millisecond) // the process is killed meanwhile
		return true
	})
	if o.Fault == nil || o.Fault.Kind != FaultGiven || o.Fault.Sent {
		t.Errorf("before it was told to send: %+v", o.Fault)
	}
	ctx, cancel = context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for len(s.Requests()) == 0 && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	begin := time.Now()
	s.Next(updatetest.Answer{Delay: time.Minute})
	o = new(Sender).Exchange(ctx, updateRequest(srv.URL, ca), nil)
	if o.Fault == nil || o.Fault.Kind != FaultGiven || !o.Fault.Sent || time.Since(begin) > 5*time.Second {
		t.Errorf("after it was sent: %+v in %v", o.Fault, time.Since(begin))
	}
	if o = new(Sender).Exchange(ctx, Request{}, nil); o.Fault == nil || o.Fault.Kind != FaultGiven || o.Fault.Sent {
		t.Errorf("with a context that is over: %+v", o.Fault)
	}
}

func TestSenderThatMisbehaves(t *testing.T) {
	for how, want := range map[string]Fault{
		"panic":               {FaultSender, "crashed: panic: runtime error: index out of range [3] with length 0", false},
		"panic with a secret": {FaultSender, "crashed: exit status 2", false},
		"exit":                {FaultSender, "crashed: exit status 3", false},
		"silent":              {FaultSender, "crashed: it ended without a result", false},
		"garbage":             {FaultSender, "crashed: it wrote what makes no sense", false},
		"mark and garbage":    {FaultSender, "crashed: it ended without a result", false},
		"half a frame":        {FaultSender, "crashed: it ended without a result", false},
		"answer before go":    {FaultSender, "crashed: it ended without a result", false},
		"die after go":        {FaultSender, "crashed: fatal error: out of memory", true},
	} {
		s := &Sender{Args: []string{"misbehave", how}}
		o := s.Exchange(t.Context(), updateRequest("https://127.0.0.1:9", ""), nil)
		if want.Detail = "the process that sends " + want.Detail; o.Fault == nil || *o.Fault != want {
			t.Errorf("%s: %+v, want %+v", how, o.Fault, want)
		}
	}
	s := &Sender{Exe: "/nonexistent"}
	want := Fault{FaultSender, "cannot start a process to send with: no such file or directory", false}
	if o := s.Exchange(t.Context(), Request{}, nil); o.Fault == nil || *o.Fault != want {
		t.Errorf("no program: %+v", o.Fault)
	}
	s = &Sender{Args: []string{"misbehave", "hang"}, within: 50 * time.Millisecond}
	want = Fault{FaultSender, "the process that sends hung and was ended", false}
	if o := s.Exchange(t.Context(), Request{}, nil); o.Fault == nil || *o.Fault != want {
		t.Errorf("hang: %+v", o.Fault)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	s = &Sender{Args: []string{"misbehave", "hang"}}
	big := updateRequest("https://127.0.0.1:9", "")
	big.Form = Text{}.Plain(strings.Repeat("x", 200<<10)) // more than a pipe takes
	if o := s.Exchange(ctx, big, nil); o.Fault == nil || o.Fault.Kind != FaultGiven || o.Fault.Sent {
		t.Errorf("hang, given up: %+v", o.Fault)
	}
}

// TestSenderShowsNoSecret looks at the process while it is about to send.
func TestSenderShowsNoSecret(t *testing.T) {
	t.Setenv("HOMEWARD_TEST_SECRET", "hunter2")
	_, srv, ca := standIn(t, updatetest.Options{})
	looked := 0
	o := new(Sender).Exchange(t.Context(), updateRequest(srv.URL, ca), func(netip.Addr) bool {
		for _, pid := range children(t, "self") {
			for _, file := range []string{"cmdline", "environ"} {
				b, err := os.ReadFile(filepath.Join("/proc", pid, file))
				if err != nil || bytes.Contains(b, []byte("hunter2")) || len(b) == 0 {
					t.Errorf("%s of the sender: %q, %v", file, b, err)
				}
				looked++
			}
		}
		return true
	})
	if o.Answer == nil || looked != 2 {
		t.Errorf("outcome %+v, looked at %d files", o, looked)
	}
}

// children returns the ids of the processes that one has started.
func children(t *testing.T, pid string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/" + pid + "/task/*/children")
	if err != nil || len(files) == 0 {
		t.Fatal("the kernel does not list the children of", pid, err)
	}
	var all []string
	for _, f := range files {
		b, _ := os.ReadFile(f) // a thread may end meanwhile
		all = append(all, strings.Fields(string(b))...)
	}
	return all
}

// TestSenderLeavesNothing counts descriptors, goroutines and processes after
// many exchanges of every kind.
func TestSenderLeavesNothing(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it would close what we forget
	_, srv, ca := standIn(t, updatetest.Options{})
	do := func(i int) {
		switch i % 4 {
		case 0:
			if o := new(Sender).Exchange(t.Context(), updateRequest(srv.URL, ca), nil); o.Answer == nil {
				t.Errorf("exchange %d: %+v", i, o.Fault)
			}
		case 1:
			new(Sender).Exchange(t.Context(), updateRequest("http://127.0.0.1:9", ""), nil)
		case 2:
			(&Sender{Args: []string{"misbehave", "exit"}}).Exchange(t.Context(), Request{}, nil)
		case 3:
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%50)*100*time.Microsecond)
			new(Sender).Exchange(ctx, updateRequest(srv.URL, ca), nil)
			cancel()
		}
	}
	for i := range 4 {
		do(i)
	}
	fds, goroutines := openFiles(t), runtime.NumGoroutine()
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := worker; i < 200; i += 8 {
				do(i/8 + worker)
			}
		})
	}
	wg.Wait()
	// The server's side of the last connections may take a moment.
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		f, g, c := openFiles(t), runtime.NumGoroutine(), children(t, "self")
		if f <= fds && g <= goroutines && len(c) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d files open, %d before; %d goroutines, %d before; children %v", f, fds, g, goroutines, c)
		}
	}
}

func openFiles(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestSenderEndsWithItsPipe is the process's side: the watcher dies after the
// request has been sent.
func TestSenderEndsWithItsPipe(t *testing.T) {
	s, srv, ca := standIn(t, updatetest.Options{})
	s.Next(updatetest.Answer{Delay: time.Minute})
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	code := make(chan int, 1)
	go func() { code <- ServeSender(inR, outW, "1.2.3"); outW.Close() }()
	frames := make(chan []byte, 1)
	go func() { b, _ := io.ReadAll(outR); frames <- b }()
	writeFrame(inW, updateRequest(srv.URL, ca).fields()...)
	writeFrame(inW, frameGo)
	for len(s.Requests()) == 0 {
		time.Sleep(time.Millisecond)
	}
	inW.Close()
	if got := <-code; got != 0 {
		t.Errorf("exit code %d", got)
	}
	if b := <-frames; !bytes.Contains(b, []byte("given up")) {
		t.Errorf("told %q", b)
	}
}

func TestSenderTypedByHand(t *testing.T) {
	for name, stdin := range map[string]io.Reader{
		"nothing": strings.NewReader(""), "text": strings.NewReader("hello\n"), "an odd frame": strings.NewReader("\x01\x00\x00\x00\x04\x00\x00\x00\x00"),
	} {
		var out bytes.Buffer
		if code := ServeSender(stdin, &out, "1.2.3"); code != 2 || !strings.Contains(out.String(), "not for people") {
			t.Errorf("%s: %d, %q", name, code, out.String())
		}
	}
	terminal, err := os.Open("/dev/ptmx")
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	var out bytes.Buffer
	if code := ServeSender(terminal, &out, "1.2.3"); code != 2 || !strings.Contains(out.String(), "not for people") {
		t.Errorf("a terminal: %d, %q", code, out.String())
	}
}

// TestSenderDiesWithTheWatcher kills a watcher whose sender hangs.
func TestSenderDiesWithTheWatcher(t *testing.T) {
	watcher := exec.Command("/proc/self/exe", "misbehave", "watch")
	if err := watcher.Start(); err != nil {
		t.Fatal(err)
	}
	var sender []string
	for len(sender) == 0 {
		time.Sleep(time.Millisecond)
		sender = children(t, fmt.Sprint(watcher.Process.Pid))
	}
	watcher.Process.Kill()
	watcher.Wait()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		stat, err := os.ReadFile("/proc/" + sender[0] + "/stat")
		if err != nil || bytes.Contains(stat, []byte(") Z ")) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the sender lives on: %s", stat)
		}
	}
}
