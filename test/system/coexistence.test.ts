/**
 * Other programs' rules beside ours: ufw, firewalld and fail2ban, started before and after the agent, reloaded, and everything flushed by hand.
 * After each step packets say whether our policy and theirs both decide, our rules are as they were within five seconds, and their rules are what
 * they were without us.
 */
import test from 'ava';
import { realPrograms } from './coexistence/programs.ts';
import { goThrough } from './coexistence/steps.ts';

for (const [name, open] of Object.entries(realPrograms)) test.serial(name, (t) => goThrough(t, 'nftables', open));
