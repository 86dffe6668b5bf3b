# The image of "make image", for those who have Docker: the same files, written by the same program.
#   docker build --build-arg VERSION=$(git describe --tags --always) --tag lostorder .
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
ARG VERSION=unknown
ARG SOURCE_DATE_EPOCH=0
ARG TARGETOS=linux
ARG TARGETARCH=amd64
WORKDIR /src
COPY . .
RUN cd build && SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH go run ./image \
	--source=.. --version=$VERSION --platform=$TARGETOS/$TARGETARCH --rootfs=/rootfs

FROM scratch
COPY --from=build /rootfs/ /
ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt
LABEL org.opencontainers.image.title=lostorder \
	org.opencontainers.image.source=https://github.com/lostorder/lostorder \
	org.opencontainers.image.licenses=Apache-2.0
WORKDIR /etc/lostorder
USER 65532:65532
EXPOSE 10404
ENTRYPOINT ["/lostorder"]
