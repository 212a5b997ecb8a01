using System.Text;
using System.Threading.Channels;
using Podflare.Containers;
using Podflare.Guests;
using Podflare.Runs;

namespace Podflare.Isolation;

/// <summary>A running container with its guest.</summary>
public sealed class Cell(string container, ContainerSpec spec, GuestPort port)
{
    private readonly ChannelReader<GuestEvent> _events = port.Attach();

    public string Container => container;

    public ContainerSpec Spec => spec;

    /// <summary>Executes an attempt.</summary>
    /// <returns>The last line that it has printed.</returns>
    public async Task<string> TryAsync(string name)
    {
        var attempt = await Attempt.ReadAsync(name);
        var output = "";
        foreach (var step in attempt.Steps) output = attempt.AsRoot ? await RunAsRootAsync(step) : await RunAsync(step, attempt.IsBash ? RunLanguage.Bash : RunLanguage.Python);
        return output.TrimEnd().Split('\n')[^1];
    }

    private async Task<string> RunAsync(string code, RunLanguage language)
    {
        var run = EngineBench.Run(code, language);
        Assert.IsType<GuestTaken>(await port.SendAsync(run, TestContext.Current.CancellationToken));
        var output = new StringBuilder();
        while (await _events.ReadAsync(TestContext.Current.CancellationToken) is var item)
        {
            if (item is GuestOutput piece) output.Append(Encoding.UTF8.GetString(piece.Bytes.Span));
            if (item is not GuestRunEnded end || end.Run != run.Run) continue;
            port.Acknowledge(end.Number);
            break;
        }

        return output.ToString();
    }

    private Task<string> RunAsRootAsync(string code) => ProcessOutput.ReadAsync("docker", "exec", "-u", "0", container, "python3", "-c", code);
}
