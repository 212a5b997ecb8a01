using System.ComponentModel;
using System.Diagnostics;

namespace Podflare.Egress;

/// <summary>This host's packet filter, by its programs. Each call has a time limit.</summary>
internal sealed class Firewall(EgressOptions options, TimeProvider time)
{
    private const string SearchPath = "/usr/sbin:/usr/bin:/sbin:/bin";

    /// <exception cref="EgressException">The program is missing, may not, or refuses.</exception>
    public Task<string> ListAsync() => RunAsync(options.Iptables, ["-w", "-S"], input: null);

    /// <summary>Puts chains in place of those of the same name, and leaves all others alone.</summary>
    /// <exception cref="EgressException">The program is missing, may not, or refuses.</exception>
    public Task RestoreAsync(string rules) => RunAsync($"{options.Iptables}-restore", ["-w", "--noflush"], rules);

    /// <summary>Makes a rule the first of its chain.</summary>
    /// <exception cref="EgressException">The program is missing, may not, or refuses.</exception>
    public Task InsertAsync(string rule) => RunAsync(options.Iptables, ["-w", "-I", .. rule.Split(' ')], input: null);

    private async Task<string> RunAsync(string program, string[] arguments, string? input)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // None of this process's variables: keys and passwords are among them.
        start.Environment.Clear();
        start.Environment["PATH"] = SearchPath;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(options.LoadSeconds), time);
        try
        {
            using var process = Process.Start(start)!;
            try
            {
                var (output, errors) = (process.StandardOutput.ReadToEndAsync(limit.Token), process.StandardError.ReadToEndAsync(limit.Token));
                if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), limit.Token);
                process.StandardInput.Close();
                await process.WaitForExitAsync(limit.Token);
                return process.ExitCode == 0 ? await output : throw new EgressException($"{program} {arguments[^1]}: {(await errors).Trim()}");
            }
            catch (OperationCanceledException)
            {
                process.Kill();
                throw new EgressException($"{program} did not end within {options.LoadSeconds} s");
            }
        }
        catch (Exception e) when (e is Win32Exception or IOException)
        {
            throw new EgressException($"{program} could not be run: {e.Message}");
        }
    }
}
