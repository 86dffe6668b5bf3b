package sqs

import "sync"

// account is what AWS limits: requests of one caller to one endpoint in one region.
type account struct{ region, endpoint, profile, role string }

func (c *Config) account() account { return account{c.Region, c.Endpoint, c.Profile, c.RoleARN} }

// paces are those in use. Entries of the config with the same account share one: many
// entries ask no faster, and on no more connections, than one.
var paces = struct {
	sync.Mutex
	of map[account]*pace
}{of: map[account]*pace{}}

// sharedPace returns the pace of an account; leave gives it back. The lowest of
// max_requests_per_second holds until all entries of the account have left.
func sharedPace(c *Config) (p *pace, leave func()) {
	paces.Lock()
	defer paces.Unlock()
	key := c.account()
	p, ok := paces.of[key]
	if !ok {
		p = newPace(c.MaxRequestsPerSecond)
		paces.of[key] = p
	}
	p.atMost(c.MaxRequestsPerSecond)
	p.users++
	return p, sync.OnceFunc(func() {
		paces.Lock()
		defer paces.Unlock()
		if p.users--; p.users == 0 {
			delete(paces.of, key)
		}
	})
}
