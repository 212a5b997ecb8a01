using System.Net;
using Docker.DotNet;
using Podflare.Egress;

namespace Podflare.Containers;

/// <summary>What the failed start of a container means for the sandbox that it was started for.</summary>
internal static class StartRefusal
{
    /// <returns>Null for an error that neither the engine nor the network of sandboxes explains.</returns>
    public static ContainerStartException? Of(Exception error, ContainerSpec spec) => error switch
    {
        EgressException => new ContainerStartException("the host cannot give a sandbox access to the network at the moment; retry the request", retry: true, ofEgress: true),
        DockerImageNotFoundException or DockerApiException { StatusCode: HttpStatusCode.NotFound } =>
            new ContainerStartException($"the image {spec.Image} of template {spec.Template} is missing on this host", retry: false),
        DockerApiException { StatusCode: HttpStatusCode.BadRequest } =>
            new ContainerStartException($"the engine refuses the settings of template {spec.Template}", retry: false),
        DockerApiException => new ContainerStartException("the container engine could not start a sandbox", retry: true),
        _ when EngineTrouble.Is(error) => new ContainerStartException("the container engine does not answer", retry: true),
        _ => null,
    };
}
