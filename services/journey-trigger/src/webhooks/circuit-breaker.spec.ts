import { describe, expect, it } from '@jest/globals';
import { CircuitBreaker } from './circuit-breaker.js';

function breaker(): CircuitBreaker {
  return new CircuitBreaker({ failuresMax: 3, probeDelayMsMin: 5_000, probeDelayMsMax: 60_000 }, () => 0.5);
}

describe('the circuit breaker', () => {
  it('opens after the failures in a row that it bears, and not by failures between successes', () => {
    const circuit = breaker();
    for (let round = 0; round < 5; round++) {
      circuit.failed(0);
      circuit.failed(0);
      circuit.succeeded();
    }
    expect(circuit.isOpen).toBe(false);
    circuit.failed(0);
    circuit.failed(0);
    expect(circuit.isOpen).toBe(false);
    circuit.failed(0);
    expect(circuit.isOpen).toBe(true);
  });

  it('probes ever more rarely while probes fail, up to a limit', () => {
    const circuit = breaker();
    const waits: number[] = [];
    let now = 1_000;
    for (let failure = 0; failure < 10; failure++) {
      circuit.failed(now);
      if (!circuit.isOpen) continue;
      waits.push(circuit.probeAt - now);
      now = circuit.probeAt;
    }
    expect(waits).toEqual([5_000, 5_000, 10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
  });

  it('closes with the first success and then bears as many failures as before', () => {
    const circuit = breaker();
    for (let failure = 0; failure < 4; failure++) circuit.failed(0);
    circuit.succeeded();
    expect(circuit.isOpen).toBe(false);
    circuit.failed(0);
    circuit.failed(0);
    expect(circuit.isOpen).toBe(false);
  });
});
