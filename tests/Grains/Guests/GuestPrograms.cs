using System.Collections.Concurrent;

namespace Podflare.Guests;

/// <summary>What the code of runs does in scripted guests: the text of a program stands for it in a request.</summary>
public sealed class GuestPrograms
{
    private readonly ConcurrentDictionary<string, GuestProgram> _programs = new();
    private int _count;

    /// <summary>Names a program with a text that can be sent as code.</summary>
    public string Add(GuestProgram program)
    {
        var code = $"program {Interlocked.Increment(ref _count)}";
        _programs[code] = program;
        return code;
    }

    /// <summary>An unknown text is a program that ends at once.</summary>
    internal GuestProgram Find(string code) => _programs.GetValueOrDefault(code) ?? new GuestProgram();
}
