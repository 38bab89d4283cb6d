// Workloads about tasks: spawning, yielding, waking, trees, balance.
package main

import (
	"runtime"
	"sync"
	"time"
)

func batch(count int) {
	var all sync.WaitGroup
	all.Add(count)
	for number := 0; number < count; number++ {
		go all.Done()
	}
	all.Wait()
}

func spawnInside(j job) sample {
	count := j.count(1000000)
	batch(count / 10)
	return measure(count, func() { batch(count) })
}

func link(left int, done chan struct{}) {
	if left == 0 {
		close(done)
		return
	}
	go link(left-1, done)
}

func chain(j job) sample {
	depth := j.count(1000000)
	run := func(depth int) {
		done := make(chan struct{})
		go link(depth, done)
		<-done
	}
	run(depth / 10)
	return measure(depth, func() { run(depth) })
}

func yield(j job) sample {
	const tasks = 200
	yields := j.count(10000)
	run := func(yields int) {
		var all sync.WaitGroup
		all.Add(tasks)
		for task := 0; task < tasks; task++ {
			go func() {
				for i := 0; i < yields; i++ {
					runtime.Gosched()
				}
				all.Done()
			}()
		}
		all.Wait()
	}
	run(yields / 10)
	return measure(tasks*yields, func() { run(yields) })
}

func roundsEach(j job, pairs int) int {
	all := 1000000
	if pairs == 1 {
		all = 300000
	}
	return j.count(all) / pairs
}

// wake is the ping-pong: Go has no bare waker, an unbuffered channel is what its users take.
func wake(j job, pairs int) sample {
	rounds := roundsEach(j, pairs)
	run := func(rounds int) {
		var all sync.WaitGroup
		all.Add(2 * pairs)
		for pair := 0; pair < pairs; pair++ {
			there, back := make(chan struct{}), make(chan struct{})
			go func() {
				for i := 0; i < rounds; i++ {
					there <- struct{}{}
					<-back
				}
				all.Done()
			}()
			go func() {
				for i := 0; i < rounds; i++ {
					<-there
					back <- struct{}{}
				}
				all.Done()
			}()
		}
		all.Wait()
	}
	run(rounds / 10)
	return measure(pairs*rounds, func() { run(rounds) })
}

func oneshot(j job, players int) sample {
	rounds := roundsEach(j, players)
	run := func(rounds int) {
		var all sync.WaitGroup
		all.Add(players)
		for player := 0; player < players; player++ {
			go func() {
				for round := 0; round < rounds; round++ {
					ping, pong := make(chan int, 1), make(chan int, 1)
					go func() { pong <- <-ping }()
					ping <- round
					<-pong
				}
				all.Done()
			}()
		}
		all.Wait()
	}
	run(rounds / 10)
	return measure(players*rounds, func() { run(rounds) })
}

func fib(n int, result chan<- int) {
	if n < 2 {
		result <- n
		return
	}
	parts := make(chan int, 2)
	go fib(n-1, parts)
	go fib(n-2, parts)
	result <- <-parts + <-parts
}

func fibTree(j job) sample {
	n, nodes, right := 27, 635621, 196418
	if j.quick {
		n, nodes, right = 22, 57313, 17711
	}
	run := func(n int) int {
		result := make(chan int, 1)
		go fib(n, result)
		return <-result
	}
	run(n - 5)
	answer := 0
	result := measure(nodes, func() { answer = run(n) })
	if answer != right {
		panic("the tree came out wrong")
	}
	return result
}

func skynet(first, leaves int, result chan<- int) {
	if leaves == 1 {
		result <- first
		return
	}
	parts := make(chan int, 10)
	each := leaves / 10
	for child := 0; child < 10; child++ {
		go skynet(first+child*each, each, parts)
	}
	sum := 0
	for child := 0; child < 10; child++ {
		sum += <-parts
	}
	result <- sum
}

func skynetTree(j job) sample {
	leaves := j.count(1000000)
	nodes := 0
	for level := leaves; level > 0; level /= 10 {
		nodes += level
	}
	run := func(leaves int) int {
		result := make(chan int, 1)
		go skynet(0, leaves, result)
		return <-result
	}
	run(leaves / 100)
	sum := 0
	result := measure(nodes, func() { sum = run(leaves) })
	if sum != leaves*(leaves-1)/2 {
		panic("the sum came out wrong")
	}
	return result
}

// ideal shares the same work out to locked threads beforehand.
func ideal(rounds uint64, tasks, threads int) time.Duration {
	start := time.Now()
	var all sync.WaitGroup
	all.Add(threads)
	for thread := 0; thread < threads; thread++ {
		share := (tasks + thread) / threads
		go func() {
			runtime.LockOSThread()
			for i := 0; i < share; i++ {
				spin(rounds)
			}
			all.Done()
		}()
	}
	all.Wait()
	return time.Since(start)
}

func balance(j job) sample {
	rounds := calibrate(10*time.Microsecond, j.workers)
	tasks := j.count(100000)
	run := func(tasks int) {
		var all sync.WaitGroup
		all.Add(tasks)
		for i := 0; i < tasks; i++ {
			go func() {
				spin(rounds)
				all.Done()
			}()
		}
		all.Wait()
	}
	run(tasks / 10)
	before := ideal(rounds, tasks, j.workers)
	result := measure(tasks, func() { run(tasks) })
	after := ideal(rounds, tasks, j.workers)
	best := float64((before + after).Nanoseconds()) / 2 / float64(tasks)
	result.Figures["over_ideal"] = result.Figures["wall_ns"] / best
	return result
}
