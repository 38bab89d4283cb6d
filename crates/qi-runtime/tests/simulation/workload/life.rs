//! The life of a task of the workload.
#![forbid(unsafe_code)]

use super::ledger::Guard;
use super::plan::Dice;
use super::world::{For, World};
use qi_runtime::time::{Duration, Instant, sleep, timeout};
use qi_runtime::{Handle, JoinError, TaskHandle, TaskPriority, TaskStatus, yield_now};
use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

/// Spawns a task and leaves it alone.
pub(super) fn spawn(world: &Arc<World>, dice: &mut Dice, depth: u32) {
    drop(child(world, dice, depth));
}

/// Spawns a task, if there are not too many.
fn child(world: &Arc<World>, dice: &mut Dice, depth: u32) -> Option<TaskHandle<u64>> {
    if !world.may_spawn() {
        return None;
    }
    let plan = dice.child();
    let guard = world.ledger.guard();
    let handle = Handle::current();
    let lane = TaskPriority::DESCENDING[dice.below(4)];
    let task = match dice.below(12) {
        0 => {
            let world = world.clone();
            handle.spawn_pinned(move || live(world, guard, plan, depth))
        }
        1 | 2 => handle.spawn_with_priority(boxed(world, guard, plan, depth), lane),
        _ => handle.spawn(boxed(world, guard, plan, depth)),
    };
    if dice.below(3) == 0 {
        world.may_be_cancelled(task.abort_handle());
    }
    Some(task)
}

type Life = Pin<Box<dyn Future<Output = u64> + Send>>;

/// The type would contain itself otherwise.
fn boxed(world: &Arc<World>, guard: Guard, plan: Dice, depth: u32) -> Life {
    Box::pin(live(world.clone(), guard, plan, depth))
}

async fn live(world: Arc<World>, guard: Guard, mut dice: Dice, depth: u32) -> u64 {
    let _guard = guard;
    let deeds = 1 + dice.below(6);
    for _ in 0..deeds {
        match dice.below(22) {
            0 => yield_now().await,
            1..=4 if depth > 0 => family(&world, &mut dice, depth).await,
            5 | 6 => nap(&world, &mut dice).await,
            7..=9 => send(&world, &mut dice).await,
            10..=12 => receive(&world, &mut dice).await,
            13 | 20 => lock(&world, &mut dice).await,
            14 => permits(&world, &mut dice).await,
            15 => wait_for_a_wake(&world, &mut dice).await,
            16 => world.wake(&mut dice),
            17 | 21 => world.cancel_one(&mut dice),
            18 if dice.below(6) == 0 => block(&world, &mut dice),
            // Without the hook, which would print.
            19 if dice.below(6) == 0 => resume_unwind(Box::new("planned")),
            _ => {}
        }
    }
    1
}

/// Children, joined in one way or another.
async fn family(world: &Arc<World>, dice: &mut Dice, depth: u32) {
    let wanted = 1 + dice.below(4);
    let mut children: Vec<_> = (0..wanted).filter_map(|_| child(world, dice, depth - 1)).collect();
    while !children.is_empty() {
        let task = children.swap_remove(dice.below(children.len()));
        let watch = task.abort_handle();
        let result = match dice.below(8) {
            0 => continue,
            1 => {
                let _ = task.cancel();
                task.join().await
            }
            2 => {
                task.set_priority(TaskPriority::DESCENDING[dice.below(4)]);
                task.await
            }
            3 => {
                match timeout(Duration::from_micros(dice.below(3_000) as u64), task.join()).await {
                    Ok(result) => result,
                    Err(_) => continue,
                }
            }
            4 => task.await,
            _ => task.join().await,
        };
        if result.as_ref().is_err_and(JoinError::is_self_wait) {
            // The child blocks on the very stack that its parent runs on top of.
            continue;
        }
        let said = watch.status();
        world.ledger.expect(said == status(&result), "the state and the result of a task differ");
    }
}

fn status(result: &Result<u64, JoinError>) -> TaskStatus {
    match result {
        Ok(_) => TaskStatus::Completed,
        Err(error) if error.is_panic() => TaskStatus::Failed,
        Err(_) => TaskStatus::Cancelled,
    }
}

async fn nap(world: &Arc<World>, dice: &mut Dice) {
    let (begun, wish) = (Instant::now(), Duration::from_micros(dice.below(5_000) as u64));
    sleep(wish).await;
    world.ledger.expect(begun.elapsed() >= wish, "a sleep was too short");
    world.look_at_the_clock();
}

async fn send(world: &Arc<World>, dice: &mut Dice) {
    let channel = dice.below(world.senders.len());
    let sender = &world.senders[channel];
    let value = world.ledger.value();
    let number = value.number();
    match dice.below(3) {
        0 => match sender.try_send(value) {
            Ok(()) => world.ledger.was_sent(number),
            Err(error) => error.into_inner().was_returned(),
        },
        1 => {
            let limit = Duration::from_micros(dice.below(3_000) as u64);
            if let Ok(Ok(())) = timeout(limit, sender.send(value)).await {
                world.ledger.was_sent(number);
            }
        }
        _ => match world.wait_for(For::Room(channel), sender.send(value)).await {
            Some(Ok(())) => world.ledger.was_sent(number),
            Some(Err(error)) => error.into_inner().was_returned(),
            None => {}
        },
    }
    if dice.below(4) == 0 {
        world.some_give_up(dice);
    }
}

async fn receive(world: &Arc<World>, dice: &mut Dice) {
    let channel = dice.below(world.receivers.len());
    let receiver = &world.receivers[channel];
    let limit = Duration::from_micros(dice.below(4_000) as u64);
    let received = match dice.below(2) {
        0 => timeout(limit, receiver.recv()).await.ok().flatten(),
        _ => world.wait_for(For::Value(channel), receiver.recv()).await.flatten(),
    };
    if let Some(value) = received {
        value.was_received();
    }
}

async fn lock(world: &Arc<World>, dice: &mut Dice) {
    let number = dice.below(2);
    let lock = &world.locks[number];
    let limit = Duration::from_micros(dice.below(6_000) as u64);
    let guard = match dice.below(2) {
        0 => timeout(limit, lock.lock()).await.ok(),
        _ => world.wait_for(For::Lock(number), lock.lock()).await,
    };
    let Some(mut guard) = guard else { return };
    let before = *guard;
    for _ in 0..dice.below(3) {
        yield_now().await;
    }
    world.ledger.expect(*guard == before, "two held a lock at once");
    *guard = before + 1;
    drop(guard);
    if dice.below(4) == 0 {
        world.some_give_up(dice);
    }
}

async fn permits(world: &Arc<World>, dice: &mut Dice) {
    let wanted = 1 + dice.below(3);
    let limit = Duration::from_micros(dice.below(4_000) as u64);
    let request = world.permits.acquire_many(wanted);
    let permits = match dice.below(2) {
        0 => timeout(limit, request).await.ok(),
        _ => world.wait_for(For::Permits, request).await,
    };
    if permits.is_some() {
        yield_now().await;
    }
    drop(permits);
    if dice.below(4) == 0 {
        world.some_give_up(dice);
    }
}

/// Waits until somebody takes this task's waker.
async fn wait_for_a_wake(world: &Arc<World>, dice: &mut Dice) {
    let mut first = true;
    poll_fn(|cx| {
        if std::mem::take(&mut first) {
            world.leave_waker(dice, cx.waker());
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// A call on the pool, or a block inside this poll.
fn block(world: &Arc<World>, dice: &mut Dice) {
    world.ledger.count_blocking();
    let naps = dice.below(2) == 0;
    let call = qi_runtime::spawn_blocking(move || {
        if naps {
            Handle::current().block_on(sleep(Duration::from_micros(300)));
        }
    });
    if dice.below(2) == 0 {
        let _ = Handle::current().block_on(call);
    }
}
