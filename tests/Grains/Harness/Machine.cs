using Podflare.Engine;

namespace Podflare.Harness;

/// <summary>What outlives a worker's process: the machine's host id, run folder, container engine, and ports.</summary>
/// <param name="Host">8 lower-case hex digits.</param>
public sealed record Machine(string Host, string Folder, ScriptedEngine Engine, int SiloPort, int GatewayPort);
