package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"homeward/netwatch/netwatchtest"
	"homeward/update/updatetest"
)

// Where the stand-in for IPv64 lives: at the provider, behind the line.
var serviceAddr = netip.MustParseAddr("198.51.100.64")

const (
	domain       = "home.ipv64.net"
	token        = "the-token-of-the-lab"
	officeDomain = "office.ipv64.net"
	officeToken  = "the-key-of-another-domain"
)

// scene is a router, its provider, and the service there.
type scene struct {
	dir     string // a folder in RAM, for this process and its children
	binary  string // a copy
	router  *netwatchtest.Router
	service *updatetest.IPv64
	server  *updatetest.Server
	caFile  string // for the configuration, "" where the system's roots do
	ear     *ear

	mu        sync.Mutex
	delivered int // of the service's requests
	onRequest func(updatetest.Request)
}

// newScene enters namespaces of its own, which starts the program again, and
// sets the scene. The two functions are called one at a time each.
func newScene(binary string, onKernel func(kernelEvent), onRequest func(updatetest.Request)) (s *scene, err error) {
	if binary, err = filepath.Abs(binary); err != nil {
		return nil, err
	}
	if _, err := os.Stat(binary); err != nil {
		return nil, fmt.Errorf("%w: make build writes it", err)
	}
	netwatchtest.Enter()
	s = &scene{binary: binary + ".lab", onRequest: onRequest}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.dir, err = inRAM(); err != nil {
		return nil, err
	}
	s.tidy()
	if err = copyInPages(s.binary, binary); err != nil {
		return nil, err
	}
	if s.ear, err = listen(onKernel); err != nil {
		return nil, err
	}
	if s.router, err = netwatchtest.New(false); err != nil {
		return nil, err
	}
	if err := s.router.ISP.AddAddr("lo", netip.PrefixFrom(serviceAddr, 32)); err != nil {
		return nil, err
	}
	l, err := s.router.ISP.Listen("tcp", netip.AddrPortFrom(serviceAddr, 443).String())
	if err != nil {
		return nil, err
	}
	s.service = updatetest.NewIPv64(token, domain, officeDomain)
	if s.server, err = updatetest.Serve(l, s, updatetest.Options{Names: []string{serviceAddr.String()}}); err != nil {
		return nil, err
	}
	s.caFile = s.path("ca.pem")
	return s, os.WriteFile(s.caFile, s.server.CA, 0o644)
}

// copyInPages copies a program so that memory holds it page by page, as it does
// what is on flash. Linux keeps a file that is written in large pieces in large
// pieces, and since 6.18 maps a whole one for one byte: up to 600 kB of RSS more,
// another time less.
func copyInPages(to, from string) error {
	bytes, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	for page := range slices.Chunk(bytes, os.Getpagesize()) {
		if _, err := f.Write(page); err != nil {
			return errors.Join(err, f.Close())
		}
	}
	return errors.Join(f.Sync(), f.Close())
}

// inRAM makes a folder that goes with the process, as a router's /var does.
func inRAM() (string, error) {
	dir, err := os.MkdirTemp("", "homeward-lab-")
	if err != nil {
		return "", err
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", fmt.Errorf("a mount namespace: %w", err)
	}
	if err := unix.Mount("lab", dir, "tmpfs", 0, "mode=0755"); err != nil {
		return "", fmt.Errorf("a folder in RAM: %w", err)
	}
	return dir, nil
}

// tidy leaves nothing behind where somebody has had enough, either.
func (s *scene) tidy() {
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, unix.SIGINT, unix.SIGTERM)
	go func() {
		<-asked
		unix.Unmount(s.dir, unix.MNT_DETACH)
		os.Remove(s.dir)
		os.Remove(s.binary)
		os.Exit(1) // homeward goes along
	}()
}

func (s *scene) path(name string) string { return filepath.Join(s.dir, name) }

// close leaves nothing behind.
func (s *scene) close() {
	if s.server != nil {
		s.server.Close()
	}
	if s.router != nil {
		s.router.Close()
	}
	unix.Unmount(s.dir, unix.MNT_DETACH)
	os.Remove(s.dir)
	os.Remove(s.binary)
}

// serve puts another stand-in in place of the one that was.
func (s *scene) serve(service *updatetest.IPv64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.service, s.delivered = service, 0
}

// ServeHTTP is the service, and tells of each request when it is answered.
func (s *scene) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	service := s.service
	s.mu.Unlock()
	service.ServeHTTP(w, r)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.service != service {
		return
	}
	all := s.service.Requests()
	for _, req := range all[s.delivered:] {
		s.onRequest(req)
	}
	s.delivered = len(all)
}

// settle is homeward's settling window: a request that is less than this after
// a message was not asked for by it.
const settle = 5 * time.Millisecond

// latency returns the time from the kernel's last message of a change to the
// request that it led to.
func (s *scene) latency(r updatetest.Request) time.Duration {
	return r.At.Sub(s.ear.before(r.At.Add(-settle)))
}
