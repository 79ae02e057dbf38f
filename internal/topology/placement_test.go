package topology_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/portico-iac/portico/internal/topology"
	"github.com/portico-iac/portico/mapping"
)

const (
	nginx  = mapping.FrontDoorNGINX
	alb    = mapping.FrontDoorALB
	native = mapping.FrontDoorNative
)

var doors = []mapping.FrontDoor{nginx, alb, native}

// behind is a row of a front door.
func behind(door mapping.FrontDoor, host mapping.Host, base mapping.BasePath) mapping.Row {
	r := row(0, host, base)
	r.FrontDoor = door
	return r
}

// ready says of rows that their account's side of the front door stands.
func ready(door mapping.FrontDoor, addresses ...string) map[mapping.FrontDoor]map[string]bool {
	of := map[string]bool{}
	for _, address := range addresses {
		of[address] = true
	}
	return map[mapping.FrontDoor]map[string]bool{door: of}
}

func TestPlace(t *testing.T) {
	const host = "a.x.example.com"
	type placement = topology.Placement
	keeps := func(doors ...mapping.FrontDoor) []mapping.FrontDoor { return doors }
	at := func(p placement) map[mapping.Host]placement { return map[mapping.Host]placement{host: p} }
	stands := []mapping.Host{host}
	for sentence, test := range map[string]struct {
		wants    mapping.FrontDoor
		standing topology.Standing
		want     placement
	}{
		"a new host of nginx waits for nobody": {nginx, topology.Standing{}, placement{Name: nginx}},
		"a new host of another front door has no name before its account is ready": {
			native, topology.Standing{}, placement{Waits: topology.WaitsForProvider},
		},
		"a new host of another front door gets its name once its account is ready": {
			native, topology.Standing{Ready: ready(native, host)}, placement{Name: native},
		},
		"ready for another front door is not ready": {
			native, topology.Standing{Ready: ready(alb, host)}, placement{Waits: topology.WaitsForProvider},
		},
		"a host that waited takes the proxy at once": {
			nginx, topology.Standing{Placements: at(placement{Waits: topology.WaitsForProvider})}, placement{Name: nginx},
		},
		"a host without an entry is served by nginx, and stays until the account is ready": {
			alb, topology.Standing{Hosts: stands}, placement{Name: nginx, Waits: topology.WaitsForProvider},
		},
		"the name moves when the account is ready, and the way that it left stays": {
			alb, topology.Standing{Hosts: stands, Ready: ready(alb, host)}, placement{Name: alb, Keeps: keeps(nginx), Waits: topology.WaitsForClients},
		},
		"a name moves to native in the run after the one that makes its association": {
			native, topology.Standing{Hosts: stands, Ready: ready(native, host)}, placement{Name: nginx, Keeps: keeps(native), Waits: topology.WaitsForDomain},
		},
		"which is this one": {
			native, topology.Standing{
				Hosts: stands, Ready: ready(native, host),
				Placements: at(placement{Name: nginx, Keeps: keeps(native), Waits: topology.WaitsForDomain}),
			}, placement{Name: native, Keeps: keeps(nginx), Waits: topology.WaitsForClients},
		},
		"an association that nobody wants any more goes": {
			nginx, topology.Standing{Hosts: stands, Placements: at(placement{Name: nginx, Keeps: keeps(native), Waits: topology.WaitsForDomain})}, placement{Name: nginx},
		},
		"so does that of an account which isn't ready any more": {
			native, topology.Standing{Hosts: stands, Placements: at(placement{Name: alb, Keeps: keeps(native), Waits: topology.WaitsForDomain})},
			placement{Name: alb, Waits: topology.WaitsForProvider},
		},
		"and that of a host which wants another front door instead": {
			alb, topology.Standing{
				Hosts: stands, Ready: ready(alb, host),
				Placements: at(placement{Name: nginx, Keeps: keeps(native), Waits: topology.WaitsForDomain}),
			}, placement{Name: alb, Keeps: keeps(nginx), Waits: topology.WaitsForClients},
		},
		"back to a native way that is still up the name moves at once": {
			native, topology.Standing{
				Hosts: stands, Ready: ready(native, host),
				Placements: at(placement{Name: nginx, Keeps: keeps(native), Waits: topology.WaitsForClients}),
			}, placement{Name: native, Keeps: keeps(nginx), Waits: topology.WaitsForClients},
		},
		"the next run takes the old way down": {
			alb, topology.Standing{Hosts: stands, Placements: at(placement{Name: alb, Keeps: keeps(nginx), Waits: topology.WaitsForClients})}, placement{Name: alb},
		},
		"a host that has arrived stays, whatever its account says": {
			alb, topology.Standing{Hosts: stands, Placements: at(placement{Name: alb})}, placement{Name: alb},
		},
		"back to the proxy too the account has to be ready": {
			nginx, topology.Standing{Hosts: stands, Placements: at(placement{Name: alb})}, placement{Name: alb, Waits: topology.WaitsForProvider},
		},
		"a change of mind moves back, and keeps what it leaves": {
			nginx, topology.Standing{
				Hosts: stands, Ready: ready(nginx, host),
				Placements: at(placement{Name: alb, Keeps: keeps(nginx), Waits: topology.WaitsForClients}),
			}, placement{Name: nginx, Keeps: keeps(alb), Waits: topology.WaitsForClients},
		},
	} {
		t.Run(sentence, func(t *testing.T) {
			got := topology.Place([]mapping.Row{behind(test.wants, host, "")}, test.standing)
			require.Empty(t, cmp.Diff(at(test.want), got))
		})
	}
}

func TestAHostIsReadyWithAllOfItsRows(t *testing.T) {
	retired := behind(native, "a.x.example.com", "/old")
	retired.Retired = true
	rows := []mapping.Row{behind(native, "a.x.example.com", ""), retired, behind(native, "a.x.example.com", "/v1")}
	place := func(addresses ...string) topology.Placement {
		return topology.Place(rows, topology.Standing{Ready: ready(native, addresses...)})["a.x.example.com"]
	}
	require.Empty(t, place("a.x.example.com").Name)
	require.Empty(t, place("a.x.example.com/v1").Name)
	require.Equal(t, native, place("a.x.example.com", "a.x.example.com/v1").Name, "retired rows have no way that could stand")
}

func TestHostsWithoutRowsHaveNoPlacement(t *testing.T) {
	retired := behind(alb, "b.x.example.com", "")
	retired.Retired = true
	require.Empty(t, topology.Place([]mapping.Row{retired}, topology.Standing{Hosts: []mapping.Host{"a.x.example.com", "b.x.example.com"}}))
}

// story is an environment while its rows and accounts change from run to run.
type story struct {
	t        *rapid.T
	hosts    []mapping.Host
	wants    map[mapping.Host]mapping.FrontDoor
	standing topology.Standing
}

func newStory(t *rapid.T) *story {
	s := &story{t: t, wants: map[mapping.Host]mapping.FrontDoor{}}
	for i := range rapid.IntRange(1, 4).Draw(t, "hosts") {
		s.hosts = append(s.hosts, mapping.Host(fmt.Sprintf("h%d.x.example.com", i)))
	}
	return s
}

// edit changes what some hosts want; some go, some come.
func (s *story) edit() {
	for _, host := range s.hosts {
		switch rapid.IntRange(0, 5).Draw(s.t, "edit") {
		case 0:
			delete(s.wants, host)
		case 1, 2:
			s.wants[host] = rapid.SampledFrom(doors).Draw(s.t, "front door")
		}
	}
}

func (s *story) rows() []mapping.Row {
	var rows []mapping.Row
	for _, host := range slices.Sorted(maps.Keys(s.wants)) {
		rows = append(rows, behind(s.wants[host], host, ""), behind(s.wants[host], host, "/v1"))
	}
	return of(rows...).Rows
}

// run is one update of the shared stack, and what its outputs then say: doors
// leaves out hosts that nginx alone serves.
func (s *story) run() map[mapping.Host]topology.Placement {
	placed := topology.Place(s.rows(), s.standing)
	s.standing.Hosts, s.standing.Placements = nil, map[mapping.Host]topology.Placement{}
	for host, placement := range placed {
		if placement.Name != "" {
			s.standing.Hosts = append(s.standing.Hosts, host)
		}
		if !cmp.Equal(placement, topology.Placement{Name: nginx}) {
			s.standing.Placements[host] = placement
		}
	}
	return placed
}

func (s *story) isReady(host mapping.Host, door mapping.FrontDoor) bool {
	return s.standing.Ready[door][string(host)] && s.standing.Ready[door][string(host)+"/v1"]
}

// drawReady has every row ready or not for every front door.
func (s *story) drawReady(always bool) {
	s.standing.Ready = map[mapping.FrontDoor]map[string]bool{}
	for _, door := range doors {
		s.standing.Ready[door] = map[string]bool{}
		for _, host := range s.hosts {
			for _, base := range []string{"", "/v1"} {
				s.standing.Ready[door][string(host)+base] = always || rapid.IntRange(0, 2).Draw(s.t, "ready") > 0
			}
		}
	}
}

func TestAHostsWayFromDoorToDoor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStory(t)
		before := map[mapping.Host]topology.Placement{}
		for range rapid.IntRange(1, 12).Draw(t, "runs") {
			s.edit()
			s.drawReady(false)
			now := s.run()
			require.Len(t, now, len(s.wants))
			for host, p := range now {
				was, wanted := before[host], s.wants[host]
				if was.Name != "" {
					require.NotEmpty(t, p.Name, "a host that had a name keeps one while it is wanted")
				}
				if p.Name != was.Name {
					require.Equal(t, wanted, p.Name)
					require.True(t, p.Name != native || was.Name == "" || was.Serves(native), "a name that was relied on moves to no association of the same run")
					require.True(t, s.isReady(host, p.Name) || was.Name == "" && p.Name == nginx, "a name moves to where everything is ready")
				}
				switch {
				case p.Name != was.Name && was.Name != "":
					require.Equal(t, []mapping.FrontDoor{was.Name}, p.Keeps, "the way that the name left stays up in this run")
					require.Equal(t, topology.WaitsForClients, p.Waits)
				case p.Waits == topology.WaitsForDomain:
					require.Equal(t, native, wanted)
					require.True(t, s.isReady(host, native))
					require.Equal(t, []mapping.FrontDoor{native}, p.Keeps, "what is put up beforehand")
				default:
					require.Empty(t, p.Keeps, "and in this one only")
					require.Equal(t, p.Name != wanted, p.Waits == topology.WaitsForProvider)
				}
				require.False(t, slices.Contains(p.Keeps, p.Name))
			}
			before = now
		}

		// Once everybody is ready, every host arrives.
		s.drawReady(true)
		runs := 0
		for ; !cmp.Equal(topology.Wanted(s.rows()), before); runs++ {
			require.Less(t, runs, 3)
			before = s.run()
		}
	})
}

func TestTheProxyAloneWaitsForNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStory(t)
		for range rapid.IntRange(1, 5).Draw(t, "runs") {
			s.edit()
			for host := range s.wants {
				s.wants[host] = nginx
			}
			require.Empty(t, cmp.Diff(topology.Wanted(s.rows()), s.run()))
			require.Empty(t, s.standing.Placements)
		}
	})
}
